import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { fencesOf, inlineCodeOf } from "./support/markdown.ts";
import { pairsOf, readPages, readProjectFile } from "./support/pages.ts";

// What the documents say is about these. What writes the documents and what proves them cannot prove itself.
const SOURCES = [
  "supabase",
  "simulator",
  "stack",
  "proofs",
  "scripts",
  "tests",
  ".ci",
  ".github",
];
const DOCUMENTS = ["tests/docs", "scripts/docs"];
const ROOT_FILES = ["deno.json", "import_map.json", ".env.example"];

/** Names that our sources have no reason to hold as they stand. */
const FOREIGN: ReadonlySet<string> = new Set([
  // What an older Supabase calls its keys, what its Edge Runtime answers, a column of pgmq.
  "ANON_KEY",
  "SERVICE_ROLE_KEY",
  "WORKER_RESOURCE_LIMIT",
  "read_ct",
  // Error codes of operations, put together from a word of ours and a status of Toss.
  "PAYMENT_READY",
  "SERVER_ERROR",
]);

/** Postgres's own name of a reference that has none. */
const REFERENCE = /^([a-z]+)_(\w+)_fkey$/;

async function sourceText(): Promise<string> {
  const texts = await Promise.all(ROOT_FILES.map(readProjectFile));
  const folders = [...SOURCES];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for await (
      const { name, isDirectory } of Deno.readDir(join(PROJECT_ROOT, folder))
    ) {
      const path = `${folder}/${name}`;
      if (DOCUMENTS.includes(path)) continue;
      if (isDirectory) folders.push(path);
      else {
        texts.push(path);
        if (/\.(ts|sql|psql|json|toml|sh|yml|js)$|\/run$/.test(name)) {
          texts.push(await readProjectFile(path));
        }
      }
    }
  }
  return texts.join("\n");
}

const pages = (await readPages()).filter(({ path }) =>
  // History names what was.
  path !== "CHANGELOG.md"
);
const source = await sourceText();
const words = new Set(source.split(/[^A-Za-z0-9_]+/));

/** Identifiers that can be nothing but names of something: with an underscore between letters. */
function namesIn(code: string): string[] {
  return code.match(/\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b/g) ?? [];
}

Deno.test("every variable, table, column, function and code that a document names exists", () => {
  const unknown = new Set<string>();
  let count = 0;
  for (const { path, text } of pages) {
    // An alias of a query that the page shows.
    const aliases = fencesOf(text).flatMap(({ code }) => namesIn(code));
    for (const name of inlineCodeOf(text).flatMap(namesIn)) {
      count++;
      const [, table, column] = REFERENCE.exec(name) ?? [];
      const isReference = words.has(table ?? "") && words.has(column ?? "");
      if (
        !words.has(name) && !FOREIGN.has(name) && !isReference &&
        !aliases.includes(name)
      ) {
        unknown.add(`${path}: ${name}`);
      }
    }
  }
  assert.deepEqual([...unknown], []);
  assert.ok(count > 500, `${count} names`);
});

/** What both languages write alike: names, variables, values. */
function codesOf(text: string): Set<string> {
  return new Set(
    inlineCodeOf(text).filter((code) =>
      /^[\x21-\x7e]+$/.test(code) && !code.includes("<")
    ),
  );
}

for (const [english, korean] of pairsOf(pages)) {
  Deno.test(`${korean.path} names what ${english.path} names`, () => {
    const [wanted, found] = [codesOf(english.text), codesOf(korean.text)];
    const names = (from: Set<string>, other: Set<string>) =>
      [...from].filter((code) =>
        !other.has(code) && !code.replaceAll(".ko.md", ".md").includes(".md")
      );
    assert.deepEqual(names(wanted, found), [], "missing in Korean");
    assert.deepEqual(names(found, wanted), [], "missing in English");
  });
}

Deno.test("a Korean page calls a plan 요금제 and nothing else", () => {
  const others = pages.filter(({ path }) => path.endsWith(".ko.md"))
    .flatMap(({ path, text }) =>
      Array.from(
        text.matchAll(/[^\n]{0,20}플랜[^\n]{0,10}/g),
        ([found]) => `${path}: ${found}`,
      )
    );
  assert.deepEqual(others, []);
});
