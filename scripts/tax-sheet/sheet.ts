import { stringify } from "csv-stringify/sync";
import { z } from "zod";

/** A row of `monthly_tax_sheet`. */
export const sheetRow = z.object({
  month: z.string(),
  method: z.string(),
  supplied_amount: z.number(),
  vat: z.number(),
  tax_free_amount: z.number(),
  total_amount: z.number(),
  refunded_amount: z.number(),
});

/** A parsed row; amounts in won. */
export type SheetRow = z.output<typeof sheetRow>;

const AMOUNTS = [
  "supplied_amount",
  "vat",
  "tax_free_amount",
  "total_amount",
  "refunded_amount",
] as const;

/** What an accountant calls the columns. */
const HEADINGS = {
  month: "월",
  method: "결제수단",
  supplied_amount: "공급가액",
  vat: "부가세",
  tax_free_amount: "면세금액",
  total_amount: "합계",
  refunded_amount: "환불금액",
} as const;

/** The sheet as CSV: with a byte order mark, without which Excel reads Korean as another script. */
export function toCsv(rows: readonly SheetRow[]): string {
  return stringify([...rows], {
    bom: true,
    header: true,
    columns: HEADINGS,
    record_delimiter: "windows",
    // A method is Toss's text, and no spreadsheet may take it for a formula.
    escape_formulas: true,
  });
}

/** Korean letters take two columns of a terminal. */
function widthOf(text: string): number {
  return [...text].reduce(
    (width, letter) => width + (letter > "\u1100" ? 2 : 1),
    0,
  );
}

/** The sheet for a terminal, with its sums. */
export function toTable(rows: readonly SheetRow[]): string {
  const lines = [
    ["method", "supply value", "VAT", "tax-free", "total", "refunded"],
    ...rows.map((
      row,
    ) => [row.method, ...AMOUNTS.map((name) => won(row[name]))]),
    ["all", ...AMOUNTS.map((name) => won(sum(rows, name)))],
  ];
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => widthOf(line[column] ?? "")))
  );
  return lines.map((line) =>
    line.map((cell, column) => {
      const space = " ".repeat((widths[column] ?? 0) - widthOf(cell));
      return column === 0 ? cell + space : space + cell;
    }).join("  ")
  ).join("\n");
}

function won(amount: number): string {
  return amount.toLocaleString("en");
}

function sum(
  rows: readonly SheetRow[],
  name: typeof AMOUNTS[number],
): number {
  return rows.reduce((total, row) => total + row[name], 0);
}
