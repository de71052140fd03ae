import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import { examine } from "../../support/doctor.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

/** The names in the first column of the table of checks. */
async function documentedChecks(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(PROJECT_ROOT, "docs", file));
  return [...text.matchAll(/^\| `([a-z_]+(?::<name>)?)` \|/gm)]
    .map(([, name = ""]) => name);
}

for (const file of ["doctor.md", "doctor.ko.md"]) {
  test(`${file} explains every check, and no other`, async (shop) => {
    const made = (await examine(shop))
      .map(({ check }) => check.replace(/:.*/, ":<name>"));

    assert.deepEqual(await documentedChecks(file), [...new Set(made)]);
  });
}
