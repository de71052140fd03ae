import assert from "node:assert/strict";
import { SUPABASE_CLI } from "../../scripts/deploy/supabase-cli.ts";
import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { FUNCTION_ACCESS } from "../../supabase/functions/_shared/http/access.ts";
import { ERROR_CODES } from "../../supabase/functions/_shared/http/error-codes.ts";
import { ENVIRONMENT } from "../../supabase/functions/_shared/config/environment.ts";
import { codesOf, tableBelow } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";

const LANGUAGES = [
  {
    readme: "README.md",
    environment: "## Environment",
    functions: "## Functions",
    dependencies: "## Dependencies",
    security: "docs/security.md",
    access: "## Who may call what",
    frontend: "docs/frontend.md",
    required: "required",
    codes: "| Code | When |",
  },
  {
    readme: "README.ko.md",
    environment: "## 환경 변수",
    functions: "## 함수",
    dependencies: "## 의존성",
    security: "docs/security.ko.md",
    access: "## 누가 무엇을 호출할 수 있나",
    frontend: "docs/frontend.ko.md",
    required: "필수",
    codes: "| 코드 | 언제 |",
  },
];

/** A default as an operator would write it; null = must be set. */
function defaultOf(name: string): string | null {
  const schema = Object.entries(ENVIRONMENT.shape)
    .find(([variable]) => variable === name)?.[1];
  assert.ok(schema, `${name} is no variable`);
  const parsed = schema.safeParse(undefined);
  if (!parsed.success) return null;
  const value: unknown = parsed.data;
  if (value === false) return "off";
  return value === undefined ? "" : String(value);
}

/** Variables whose default depends on another one, or means more than its value. */
const DESCRIBED = ["CORS_ALLOWED_ORIGINS", "WEBHOOK_ALLOWED_IPS"];

for (const language of LANGUAGES) {
  Deno.test(`${language.readme}: the environment table has the variables of .env.example and their defaults`, async () => {
    const readme = await readProjectFile(language.readme);
    const example = await readProjectFile(".env.example");
    const [, ...rows] = tableBelow(readme, language.environment);
    const inTable = rows.flatMap(([names = ""]) => codesOf(names));
    const inExample = Array.from(
      example.matchAll(/^([A-Z_]+)=/gm),
      ([, name]) => name,
    );

    assert.deepEqual([...inTable].sort(), [...PROJECT_VARIABLES].sort());
    assert.deepEqual([...inTable].sort(), [...inExample].sort());
    for (const [names = "", defaults = ""] of rows) {
      const values = codesOf(defaults);
      for (const [index, name] of codesOf(names).entries()) {
        if (DESCRIBED.includes(name)) continue;
        const wanted = defaultOf(name);
        if (wanted === null) assert.equal(defaults, language.required, name);
        else assert.equal(values[index] ?? "", wanted, name);
      }
    }
  });

  Deno.test(`${language.readme}: the dependency table has the packages of import_map.json and their versions`, async () => {
    const readme = await readProjectFile(language.readme);
    const { imports } = JSON.parse(await readProjectFile("import_map.json"));
    const wanted = new Map([
      [SUPABASE_CLI.split("@")[0], SUPABASE_CLI.split("@")[1]],
    ]);
    for (const specifier of Object.values<string>(imports)) {
      const [, name, version] =
        /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(specifier) ?? [];
      wanted.set(name, version);
    }
    const [, ...rows] = tableBelow(readme, language.dependencies);
    const found = rows.flatMap(([names = "", version]) =>
      codesOf(names).map((name): [string, string | undefined] => [
        name,
        version,
      ])
    );

    assert.deepEqual(found.sort(), [...wanted].sort());
    for (const [name, , , reason] of rows) assert.ok(reason, name);
  });

  Deno.test(`${language.readme}: the function table has every function`, async () => {
    const readme = await readProjectFile(language.readme);
    const [, ...rows] = tableBelow(readme, language.functions);
    const named = rows.flatMap(([path = ""]) =>
      codesOf(path).slice(0, 1)
        .map((code) => code.split(" ")[1]?.split("/")[0] ?? code)
    );
    const wanted = Object.keys(FUNCTION_ACCESS);

    assert.deepEqual([...new Set(named)].sort(), wanted.sort());
  });

  Deno.test(`${language.security}: the access table is the one that the functions use`, async () => {
    const page = await readProjectFile(language.security);
    const [head = [], ...rows] = tableBelow(page, language.access);
    const modes = head.slice(1, -1).flatMap(codesOf);
    const found = Object.fromEntries(rows.map(([name = "", ...cells]) => {
      const ticked = modes.filter((_, index) => cells[index] === "✓");
      const browser = cells.at(-1) === "yes";
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

  Deno.test(`${language.frontend}: every error code says when it comes`, async () => {
    const page = await readProjectFile(language.frontend);
    const from = page.indexOf(language.codes);
    assert.ok(from > 0);
    const [, ...rows] = tableBelow(`\n## x\n${page.slice(from)}`, "## x");
    const found = rows.flatMap(([code = ""]) => codesOf(code));
    const known = Object.keys(ERROR_CODES);

    assert.deepEqual(
      known.filter((code) => !found.includes(code)),
      [],
      "not described",
    );
    assert.deepEqual(found.sort(), known.sort());
  });
}
