import type { StormResult } from "./storm.ts";

/** A table in Markdown that `deno fmt` leaves as it is; all columns but the first hold numbers. */
export function markdownTable(heads: string[], rows: string[][]): string {
  const widths = heads.map((_, column) =>
    Math.max(...[heads, ...rows].map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: string[]) => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rules = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(heads), `| ${rules.join(" | ")} |`, ...rows.map(line)]
    .join("\n");
}

/** What became of the same month, side by side. */
export function stormTable(storms: [name: string, StormResult][]): string {
  return markdownTable(
    [
      "",
      "Charges made",
      "Charged twice or more",
      "Not charged",
      "Unknown to the database",
      "Next month skipped",
      "Runs",
      "Killed",
    ],
    storms.map(([name, { count, runs, kills }]) => [
      name,
      String(count.charges),
      String(count.doubleCharged),
      String(count.notCharged),
      String(count.lost),
      String(count.skipped),
      String(runs),
      String(kills),
    ]),
  );
}
