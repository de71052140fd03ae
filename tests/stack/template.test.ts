import assert from "node:assert/strict";
import { join } from "node:path";
import {
  databaseTemplate,
  templateKey,
} from "../../stack/database-template.ts";
import { PROJECT_MIGRATIONS } from "../../stack/stack-settings.ts";

Deno.test("templateKey() changes with every file's name and content, and with nothing else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const key = () => templateKey({ folders: [folder], files: [] });
    const write = (name: string, text: string) =>
      Deno.writeTextFile(join(folder, name), text);
    await write("1_a.sql", "select 1");
    const first = await key();
    assert.equal(await key(), first);
    await write("notes.md", "no part of the database");
    assert.equal(await key(), first);
    await write("1_a.sql", "select 2");
    const edited = await key();
    await write("2_b.sql", "");
    const added = await key();
    await Deno.rename(join(folder, "2_b.sql"), join(folder, "3_b.sql"));
    assert.equal(new Set([first, edited, added, await key()]).size, 4);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("databaseTemplate() is made once, however many ask at the same time", async () => {
  const paths = await Promise.all(
    [1, 2, 3].map(() => databaseTemplate(PROJECT_MIGRATIONS, () => {})),
  );
  assert.equal(new Set(paths).size, 1);
  const [path = ""] = paths;
  const { ino } = await Deno.stat(path);
  await databaseTemplate(PROJECT_MIGRATIONS, () => {});
  assert.equal((await Deno.stat(path)).ino, ino);
  // A copy of one that runs, or that was not shut down, would not start.
  await assert.rejects(Deno.stat(join(path, "postmaster.pid")));
});
