import { defineCommand, later } from "../door/command.ts";
import { argument, flag, month, text, type Values } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  month: argument(month("the month in Seoul, such as 2026-11")),
  json: flag("print the result as JSON"),
  csv: text("<file>", "write it as CSV that Excel opens; - prints it"),
};

/** What tax-sheet is given. */
export type Options = Values<typeof OPTIONS>;

export const taxSheet = defineCommand({
  call: "toss tax-sheet",
  summary: "A month's sales by method for the VAT return, in won",
  about:
    "Supply value, VAT and tax-free part of what was approved in the month, before refunds, and beside them what was " +
    "given back in it, whenever it was paid: view monthly_tax_sheet.",
  examples: ["2026-11", "2026-11 --csv 2026-11.csv", "2026-11 --json"],
  options: OPTIONS,
  notes: WHICH_PROJECT,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
