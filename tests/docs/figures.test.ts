import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

function read(path: string): Promise<string> {
  return Deno.readTextFile(join(PROJECT_ROOT, path));
}

/** The last cell of a report's row whose first cell begins with `name`, as texts write it. */
function figure(report: string, name: string, cell = -1): string {
  const row = report.split("\n").find((line) => line.startsWith(`| ${name}`));
  assert.ok(row, `no row ${name}`);
  const cells = row.split("|").slice(1, -1).map((text) => text.trim());
  const value = cells.at(cell) ?? "";
  return value.includes(".") || value.includes(",")
    ? value
    : Number(value).toLocaleString("en");
}

/** The line of a text that leads to a report. */
function lineAbout(text: string, report: string): string {
  const line = text.split("\n").find((line) => line.includes(`${report})`));
  assert.ok(line, `nothing leads to ${report}`);
  return line;
}

function assertTells(line: string, figures: string[]): void {
  const numbers: string[] = line.match(/\d[\d,.]*\d|\d/g) ?? [];
  for (const value of figures) assert.ok(numbers.includes(value), value);
}

for (const path of ["README.md", "README.ko.md"]) {
  Deno.test(`${path} tells the figures of the reports`, async () => {
    const text = await read(path);
    const chaos = await read("docs/chaos-report.md");
    assertTells(
      lineAbout(text, "docs/chaos-report.md"),
      ["runs, seeds", "orders ", "virtual accounts issued", "refunds and"]
        .map((name) => figure(chaos, name)),
    );
    const billing = await read("docs/billing-proof.md");
    assertTells(lineAbout(text, "docs/billing-proof.md"), [
      figure(billing, "billing-charge, 8 runs overlap", 1),
      figure(billing, "naive loop, 8 runs overlap", 1),
      figure(billing, "Subscriptions × months"),
      figure(billing, "Paid in the database"),
    ]);
    assert.ok(text.includes(figure(billing, "Ratio", 1)));
  });
}

for (const path of ["docs/scaling.md", "docs/scaling.ko.md"]) {
  Deno.test(`${path} tells the figures of the chaos report`, async () => {
    const chaos = await read("docs/chaos-report.md");
    assertTells(lineAbout(await read(path), "chaos-report.md"), [
      figure(chaos, "runs, seeds"),
    ]);
  });
}
