import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

const MIGRATIONS = join(PROJECT_ROOT, "supabase", "migrations");

/** Files of the project, as git knows them: also those that are not committed yet. */
async function projectFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard"],
    cwd: PROJECT_ROOT,
  }).output();
  const listed = new TextDecoder().decode(stdout).split("\n");
  const isThere = await Promise.all(
    listed.map((path) =>
      Deno.stat(join(PROJECT_ROOT, path)).then(
        ({ isFile }) => isFile,
        () => false,
      )
    ),
  );
  return listed.filter((_, index) => isThere[index]);
}

const TEXT = /\.(md|sql|psql|ts|sh|yml|toml|example)$|^\.ci\//;
// What a test writes down may be a file that is not there.
const NAMED =
  /(?<![\w/.$}-])(?:docs|scripts|supabase|tests)\/[\w./-]*\.(?:md|psql|sh|sql|toml|ts)\b/g;

Deno.test("every file of the project that a text names is there", async () => {
  const files = await projectFiles();
  const known = new Set(files);
  const missing: string[] = [];
  for (const file of files.filter((path) => TEXT.test(path))) {
    const text = await Deno.readTextFile(join(PROJECT_ROOT, file));
    for (const [name] of text.matchAll(NAMED)) {
      if (!known.has(name)) missing.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("every task that a text names is one of deno.json", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(join(PROJECT_ROOT, "deno.json")),
  );
  const missing: string[] = [];
  for (const file of (await projectFiles()).filter((path) => TEXT.test(path))) {
    const text = await Deno.readTextFile(join(PROJECT_ROOT, file));
    for (
      const [, name = ""] of text.matchAll(/npx -y deno task ([a-z][\w:-]*)/g)
    ) {
      if (!Object.hasOwn(tasks, name)) missing.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

/** Where each function is defined, and where it is described, as places in the order of the migrations. */
async function readFunctions() {
  const defined = new Map<string, number[]>();
  const described = new Map<string, number>();
  const files = (await Array.fromAsync(Deno.readDir(MIGRATIONS)))
    .map(({ name }) => name).sort();
  for (const [place, file] of files.entries()) {
    const text = await Deno.readTextFile(join(MIGRATIONS, file));
    for (
      const [, name = ""] of text.matchAll(
        /^create (?:or replace )?function ([\w.]+)\s*\(/gm,
      )
    ) defined.set(name, [...defined.get(name) ?? [], place]);
    for (
      const [, name = ""] of text.matchAll(
        /^comment on function ([\w.]+)\s*\(/gm,
      )
    ) described.set(name, place);
  }
  return { defined, described };
}

Deno.test("a function that is defined again is described again", async () => {
  const { defined, described } = await readFunctions();
  const stale = [...defined].filter(([name, places]) =>
    places.length > 1 && (described.get(name) ?? -1) < (places.at(-1) ?? 0)
  );
  assert.deepEqual(
    stale.map(([name]) => name),
    [],
    "its comment may not be true any more: look at it, and write it beside the last definition",
  );
});
