import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import { StopError, UsageError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import type { Options } from "./command.ts";
import { type SheetRow, sheetRow, toCsv, toTable } from "./sheet.ts";

async function readSheet(month: string): Promise<SheetRow[]> {
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.from("monthly_tax_sheet").select()
    .eq("month", month).order("method");
  if (error !== null) {
    throw new StopError(`The database refused: ${error.message}`);
  }
  return z.array(sheetRow).parse(data);
}

/** Shows or writes a month's sheet. */
export async function run({ month, json, csv }: Options): Promise<number> {
  if (month === undefined) {
    throw new UsageError("Which month? Such as: toss tax-sheet 2026-11");
  }
  if (json && csv !== undefined) {
    throw new UsageError("--json and --csv exclude each other");
  }
  const rows = await readSheet(month);
  if (csv === "-") {
    await Deno.stdout.write(new TextEncoder().encode(toCsv(rows)));
  } else if (csv !== undefined) {
    await Deno.writeTextFile(csv, toCsv(rows)).catch((error: Error) => {
      throw new StopError(`${csv} cannot be written: ${error.message}`);
    });
    console.log(`${csv}: ${month}, ${rows.length} method(s)`);
  } else if (json) {
    console.log(JSON.stringify({ month, rows: rows.map(inJson) }, null, 2));
  } else if (rows.length === 0) {
    console.log(`${month}: nothing was paid or given back`);
  } else {
    console.log(`${month}, won\n${toTable(rows)}`);
  }
  return 0;
}

function inJson(row: SheetRow) {
  return {
    method: row.method,
    suppliedAmount: row.supplied_amount,
    vat: row.vat,
    taxFreeAmount: row.tax_free_amount,
    totalAmount: row.total_amount,
    refundedAmount: row.refunded_amount,
  };
}
