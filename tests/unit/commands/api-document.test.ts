import { Validator } from "@seriousme/openapi-schema-validator";
import assert from "node:assert/strict";
import { generatedDocuments } from "../../../scripts/docs/run.ts";
import { buildDocument } from "../../../scripts/docs/openapi/document.ts";
import { OPERATIONS } from "../../../scripts/docs/openapi/operations.ts";
import { FUNCTION_ACCESS } from "../../../supabase/functions/_shared/http/access.ts";

const SCHEME_OF_MODE: Record<string, string | undefined> = {
  user: "userToken",
  publishable: "publishableKey",
  secret: "secretKey",
  cron: "cronSecret",
};

for (const [path, text] of Object.entries(await generatedDocuments())) {
  Deno.test(`${path} is what the code generates`, async () => {
    assert.equal(
      await Deno.readTextFile(path),
      text,
      "run: npx -y deno task docs",
    );
  });
}

Deno.test("docs/openapi.json is a valid OpenAPI 3.1 document", async () => {
  const validator = new Validator();
  const result = await validator.validate(buildDocument(OPERATIONS));
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(validator.version, "3.1");
});

Deno.test("the API document has every function and every route", async () => {
  const described = OPERATIONS.map((operation) =>
    `${operation.function} ${operation.method.toUpperCase()} /${
      operation.path.replace(/^\//, "")
    }`
  );
  const served: string[] = [];
  for (const name of Object.keys(FUNCTION_ACCESS)) {
    const source = await Deno.readTextFile(
      `supabase/functions/${name}/index.ts`,
    );
    for (
      const [, method, path] of source.matchAll(
        /"(GET|POST|DELETE|PUT|PATCH) (\/[a-z-]*)"/g,
      )
    ) served.push(`${name} ${method} ${path}`);
  }
  // GET webhook is a text for people who open the address in a browser.
  const documented = served.filter((route) => route !== "webhook GET /");
  assert.ok(documented.length > 0);
  assert.deepEqual(described.toSorted(), documented.toSorted());
});

for (const operation of OPERATIONS) {
  Deno.test(`the API document lets only ${operation.function}'s callers in by ${operation.method} ${operation.path}`, () => {
    const modes: readonly string[] = FUNCTION_ACCESS[operation.function].modes;
    const allowed = modes.map((mode) => SCHEME_OF_MODE[mode]);
    if (modes.includes("anyone")) return assert.ok(operation.security);
    assert.ok(operation.security.length > 0);
    for (const scheme of operation.security) {
      assert.ok(allowed.includes(scheme), `${scheme} is not let in`);
    }
  });
}

for (const [name, { modes }] of Object.entries(FUNCTION_ACCESS)) {
  Deno.test(`the API document names every caller of ${name}`, () => {
    const named = OPERATIONS.filter((operation) => operation.function === name)
      .flatMap(({ security, opensMore = [] }) => [...security, ...opensMore]);
    for (const mode of modes) {
      const scheme = SCHEME_OF_MODE[mode];
      if (scheme === undefined) continue;
      assert.ok(named.some((one) => one === scheme), scheme);
    }
  });
}

Deno.test("docs/api.md: every handler that tells the secret key apart has it among its callers", async () => {
  for (const name of Object.keys(FUNCTION_ACCESS)) {
    const folder = `supabase/functions/${name}`;
    let tellsApart = false;
    for await (const { name: file, isFile } of Deno.readDir(folder)) {
      if (!isFile) continue;
      const source = await Deno.readTextFile(`${folder}/${file}`);
      tellsApart ||= /caller\.kind === "secret"/.test(source);
    }
    if (!tellsApart) continue;
    const isNamed = OPERATIONS.some(({ function: of, security, opensMore }) =>
      of === name && [...security, ...opensMore ?? []].includes("secretKey")
    );
    assert.ok(isNamed, name);
  }
});

Deno.test("docs/api.md: no pattern fills a table cell", async () => {
  const text = await Deno.readTextFile("docs/api.md");
  const cells = text.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split(/(?<!\\)\|/).at(-2) ?? "");
  assert.ok(cells.length > 50);
  const patterns = cells.flatMap((cell) =>
    Array.from(cell.matchAll(/matches `([^`]*)`/g), ([, one = ""]) => one)
  );
  assert.ok(patterns.length > 3);
  for (const pattern of patterns) assert.ok(pattern.length <= 60, pattern);
});
