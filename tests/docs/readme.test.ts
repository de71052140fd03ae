import assert from "node:assert/strict";
import { runToss } from "../stack/dev-fixture.ts";
import { fencesOf } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";

const MAXIMUM_LINES = 260;

/** A line of the demo without what differs from run to run. */
function shapeOf(line: string): string {
  return line.replaceAll(/\d+/g, "N").replaceAll(/\s+/g, " ").trim();
}

Deno.test("README.md shows lines that the demo really prints", async () => {
  const { code, stdout, stderr } = await runToss("demo", {
    environment: {},
  });
  assert.equal(code, 0, stdout + stderr);
  const printed = new Set(stdout.split("\n").map(shapeOf));
  for (const page of ["README.md", "README.ko.md"]) {
    const excerpt = fencesOf(await readProjectFile(page))
      .find(({ language, code }) => language === "text" && code.includes("✓"));
    assert.ok(excerpt, page);
    for (const line of excerpt.code.split("\n").filter((text) => text !== "")) {
      assert.ok(printed.has(shapeOf(line)), `${page}: ${line}`);
    }
  }
});

Deno.test("README.md stays short enough to be read", async () => {
  for (const page of ["README.md", "README.ko.md"]) {
    const lines = (await readProjectFile(page)).split("\n").length;
    assert.ok(lines <= MAXIMUM_LINES, `${page}: ${lines} lines`);
  }
});
