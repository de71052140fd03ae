import assert from "node:assert/strict";
import { compile, TEMPLATES } from "./support/compile.ts";
import { fencesOf } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";

/** The files that the page shows, and its unnamed pieces of TypeScript as one that uses them. */
async function shownFiles(): Promise<Map<string, string>> {
  const fences = fencesOf(await readProjectFile("docs/frontend.md"))
    .filter(({ language }) => language === "ts");
  const named = fences.filter(({ marker }) => marker !== "");
  const pieces = fences.filter(({ marker }) => marker === "")
    .map(({ code }) => code);
  assert.ok(named.length > 0 && pieces.length > 0);
  return new Map([
    ...named.map(({ marker, code }) => [marker, code] as const),
    ["page.ts", `${pieces.join("\n")}\nexport {};\n`],
  ]);
}

for (const [name, options] of Object.entries(TEMPLATES)) {
  Deno.test(`docs/frontend.md: its files compile under the options of ${name}`, async () => {
    assert.deepEqual(await compile(await shownFiles(), options), []);
  });
}

Deno.test("docs/frontend.md: the compiler would find what those options forbid", async () => {
  const files = new Map([[
    "wrong.ts",
    `import { UserResponse } from "@supabase/supabase-js";
export class Wrong { constructor(readonly answer: UserResponse) {} }
const unused = 1;
`,
  ]]);
  const found = await compile(files, TEMPLATES.Vite ?? {});
  const codes = found.map((line) => /TS(\d+)/.exec(line)?.[1]).sort();
  // An unused name, a type imported as a value, a parameter property.
  assert.deepEqual(codes, ["1294", "1484", "6133"]);
});
