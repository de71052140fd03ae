import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../stack/paths.ts";

const FOLDER = join(PROJECT_ROOT, "supabase", "tests", "support");

// Merges keep both sides' lines. A line that comes twice, or loses its comma, breaks tests that need root to run.
Deno.test("every name stands once in the lists of the database tests, and each but the last has its comma", async () => {
  let lists = 0;
  for await (const { name } of Deno.readDir(FOLDER)) {
    const text = await Deno.readTextFile(join(FOLDER, name));
    for (const [, list = ""] of text.matchAll(/array\[\n([^\]]*)\n\]/g)) {
      const lines = list.split("\n").map((line) => line.trim());
      const names = lines.map((line) => line.replace(/,$/, ""));
      const twice = names.filter((line, index) => names.indexOf(line) < index);
      assert.deepEqual(twice, [], `${name}: twice`);
      const last = lines.length - 1;
      const wrong = lines.filter((line, index) =>
        line.endsWith(",") !== (index < last)
      );
      assert.deepEqual(wrong, [], `${name}: commas`);
      lists += 1;
    }
  }
  assert.ok(lists > 1, `${lists} lists`);
});
