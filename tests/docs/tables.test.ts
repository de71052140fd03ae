import assert from "node:assert/strict";
import { defaultOf } from "../../scripts/docs/render-variables.ts";
import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { FUNCTION_ACCESS } from "../../supabase/functions/_shared/http/access.ts";
import { ERROR_CODES } from "../../supabase/functions/_shared/http/error-codes.ts";
import { codesOf, tableNamed, tablesOf } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";

const LANGUAGES = [
  { ending: ".md", required: "required" },
  { ending: ".ko.md", required: "필수" },
];

/** Variables whose default depends on another one, or means more than its value. */
const DESCRIBED = ["CORS_ALLOWED_ORIGINS", "WEBHOOK_ALLOWED_IPS"];

for (const { ending, required } of LANGUAGES) {
  const environment = `docs/environment${ending}`;
  Deno.test(`${environment}: the table has the variables of .env.example and their defaults`, async () => {
    const page = await readProjectFile(environment);
    const example = await readProjectFile(".env.example");
    const [, ...rows] = tableNamed(page, "environment");
    const inTable = rows.flatMap(([names = ""]) => codesOf(names));
    const inExample = Array.from(
      example.matchAll(/^([A-Z_]+)=/gm),
      ([, name]) => name,
    );

    assert.deepEqual([...inTable].sort(), [...PROJECT_VARIABLES].sort());
    assert.deepEqual([...inTable].sort(), [...inExample].sort());
    for (const [names = "", defaults = "", meaning] of rows) {
      assert.ok(meaning, names);
      const values = codesOf(defaults);
      for (const [index, name] of codesOf(names).entries()) {
        if (DESCRIBED.includes(name)) continue;
        const wanted = defaultOf(name);
        if (wanted === null) assert.equal(defaults, required, name);
        else assert.equal(values[index] ?? "", wanted, name);
      }
    }
  });

  const dependencies = `docs/dependencies${ending}`;
  Deno.test(`${dependencies}: the table has the packages of import_map.json and their versions`, async () => {
    const { imports } = JSON.parse(await readProjectFile("import_map.json"));
    const wanted = Object.values<string>(imports).map((specifier) =>
      /^npm:((?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[1] ?? specifier
    );
    const [, ...rows] = tableNamed(
      await readProjectFile(dependencies),
      "dependencies",
    );
    const found = rows.flatMap(([names = "", version]) =>
      codesOf(names).map((name) => `${name}@${version}`)
    );

    assert.deepEqual(
      [...new Set(wanted)].filter((name) => !found.includes(name)),
      [],
    );
    for (const [name, , , reason] of rows) assert.ok(reason, name);
  });

  const functions = `docs/functions${ending}`;
  Deno.test(`${functions}: the table has every function`, async () => {
    const page = await readProjectFile(functions);
    const [, ...rows] = tableNamed(page, "functions");
    const named = rows.flatMap(([path = ""]) =>
      codesOf(path).map((code) => code.split(" ")[1]?.split("/")[0] ?? code)
    );

    assert.deepEqual(
      [...new Set(named)].sort(),
      Object.keys(FUNCTION_ACCESS).sort(),
    );
  });

  const security = `docs/security${ending}`;
  Deno.test(`${security}: the access table is the one that the functions use`, async () => {
    const page = await readProjectFile(security);
    const [head = [], ...rows] = tableNamed(page, "access");
    const modes = head.slice(1, -1).flatMap(codesOf);
    const found = Object.fromEntries(rows.map(([name = "", ...cells]) => {
      const ticked = modes.filter((_, index) => cells[index] === "✓");
      const browser = cells.at(-1) === "✓";
      return [codesOf(name)[0], { modes: ticked.sort(), browser }];
    }));

    for (const [name, access] of Object.entries(FUNCTION_ACCESS)) {
      const { modes, browser } = access;
      assert.deepEqual(
        found[name],
        { modes: [...modes].sort(), browser },
        name,
      );
    }
    const names = Object.keys(FUNCTION_ACCESS);
    assert.deepEqual(Object.keys(found).sort(), names.sort());
  });

  const errors = `docs/errors${ending}`;
  Deno.test(`${errors}: every error code says when it comes`, async () => {
    const [table = []] = tablesOf(await readProjectFile(errors));
    const [, ...rows] = table;
    const found = rows.flatMap(([code = ""]) => codesOf(code));

    assert.deepEqual(found.sort(), Object.keys(ERROR_CODES).sort());
    for (const [code, , when] of rows) assert.ok(when, code);
  });
}
