import assert from "node:assert/strict";
import { join } from "node:path";
import { toss } from "../../scripts/commands.ts";
import { type Command, lastWord } from "../../scripts/door/command.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";

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
  /(?<![\w/.$}-])(?:docs|proofs|scripts|simulator|stack|supabase|tests)\/[\w./-]*\.(?:md|psql|sh|sql|toml|ts)\b/g;

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

/** A word after the name of a group, unless it is a placeholder or an option. */
function isCommandOf(group: Command, word: string): boolean {
  return !/^[a-z]/.test(word) ||
    (group.commands ?? []).some((one) => lastWord(one) === word);
}

Deno.test("every task and command that a text names is there", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(join(PROJECT_ROOT, "deno.json")),
  );
  const missing: string[] = [];
  for (const file of (await projectFiles()).filter((path) => TEXT.test(path))) {
    const text = await Deno.readTextFile(join(PROJECT_ROOT, file));
    for (
      const [, name = "", word = ""] of text.matchAll(
        /npx -y deno task ([a-z][\w:-]*)(?: ([\w<-]+))?/g,
      )
    ) {
      const command = [toss, ...toss.commands ?? []]
        .find((one) => lastWord(one) === name);
      const isThere = Object.hasOwn(tasks, name) &&
        (!command?.commands || isCommandOf(command, word));
      if (!isThere) missing.push(`${file}: ${name} ${word}`);
    }
  }
  assert.deepEqual(missing, []);
});
