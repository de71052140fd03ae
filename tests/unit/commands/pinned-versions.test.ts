import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url);

/** The text of every file below a folder, by its path. */
async function texts(folder: string): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) found.push(...await texts(`${path}/`));
    else found.push([path, await Deno.readTextFile(new URL(path, ROOT))]);
  }
  return found;
}

Deno.test("every action of a workflow is named by its commit", async () => {
  let actions = 0;
  for (const [path, text] of await texts(".github/workflows/")) {
    for (const [, action = ""] of text.matchAll(/\buses:\s*(\S+)/g)) {
      assert.match(action, /^[\w./-]+@[0-9a-f]{40}$/, path);
      actions += 1;
    }
  }
  assert.ok(actions > 0);
});

Deno.test("what runs Deno by npx in a script or in CI names its version", async () => {
  let calls = 0;
  for (const [path, text] of await texts(".ci/")) {
    for (const [call] of text.matchAll(/npx -y "?deno(?! task)\S*/g)) {
      assert.match(call, /^npx -y "?deno@/, `${path}: ${call}`);
      calls += 1;
    }
  }
  for (const room of ["scripts/", "stack/"]) {
    for (const [path, text] of await texts(room)) {
      for (const [call] of text.matchAll(/"-y",\s*["`]deno[^"`]*/g)) {
        assert.match(call, /["`]deno@/, `${path}: ${call}`);
        calls += 1;
      }
    }
  }
  assert.ok(calls >= 4, String(calls));
});

Deno.test("the version of Deno stands in one place, and the documents say the same", async () => {
  const version = (await Deno.readTextFile(new URL(".deno-version", ROOT)))
    .trim();
  assert.match(version, /^\d+\.\d+\.\d+$/);
  for (const page of ["docs/dependencies.md", "docs/dependencies.ko.md"]) {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    assert.ok(text.includes(version), page);
  }
});
