type Row = readonly string[];

function line(cells: Row): string {
  return `| ${cells.join(" | ")} |`;
}

/** A table in Markdown as short as it gets; the cells are Markdown already. */
export function table(heads: Row, rows: readonly Row[]): string {
  return [heads, heads.map(() => "---"), ...rows].map(line).join("\n");
}

/** A table that reads well in a terminal too; all columns but the first hold numbers. */
export function figures(heads: Row, rows: readonly Row[]): string {
  const widths = heads.map((_, column) =>
    Math.max(...[heads, ...rows].map((row) => row[column]?.length ?? 0))
  );
  const padded = (cells: Row) =>
    cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
  const rules = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [padded(heads), rules, ...rows.map(padded)].map(line).join("\n");
}
