import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const PAGES = ["docs/security.md", "docs/security.ko.md"];
const ABUSE = "tests/abuse/";

const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

interface Row {
  section: string;
  test: string;
  path: string;
}

/** Rows of the page's tables whose last cell links to a test. */
async function rowsOf(page: string): Promise<Row[]> {
  const rows = (await read(page)).matchAll(
    /^\| ([^|]+) \|.*\| \[([^\]]+)\]\(\.\.\/(tests\/[^)]+)\) \|$/gm,
  );
  return Array.from(
    rows,
    ([, section = "", test = "", path = ""]) => ({ section, test, path }),
  );
}

for (const page of PAGES) {
  Deno.test(`${page}: the test that keeps a promise is there under its name`, async () => {
    const rows = await rowsOf(page);
    assert.ok(rows.length >= 40, String(rows.length));
    for (const { test, path } of rows) {
      assert.ok((await read(path)).includes(test), `${path}: ${test}`);
    }
  });

  Deno.test(`${page}: every section of promises has its tests, every suite of abuse its figure`, async () => {
    const headings = Array.from(
      (await read(page)).matchAll(/^## (.+)$/gm),
      ([, heading = ""]) => heading,
    );
    const rows = await rowsOf(page);
    const sections = new Set(rows.map(({ section }) => section));
    // The last two are these tables and what is not promised.
    for (const heading of headings.slice(0, -2)) {
      assert.ok(sections.has(heading), heading);
    }
    for await (const { name } of Deno.readDir(new URL(ABUSE, ROOT))) {
      assert.ok(rows.some(({ path }) => path === ABUSE + name), name);
    }
  });
}

Deno.test("both pages name the same tests", async () => {
  const [english = [], korean = []] = await Promise.all(PAGES.map(rowsOf));
  const nameOf = ({ test, path }: Row) => `${path}: ${test}`;
  assert.deepEqual(korean.map(nameOf), english.map(nameOf));
});

Deno.test("the functions reach the network through their clients of Supabase, Toss, Resend and Solapi and the sender of events alone", async () => {
  const folders = ["supabase/functions/"];
  const callers: string[] = [];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
      const path = folder + entry.name;
      if (entry.isDirectory) folders.push(`${path}/`);
      else if (path.endsWith(".ts")) {
        const opens =
          /globalThis\.fetch|\bDeno\.(?:connect|listen)|new WebSocket|"node:(?:https?|tls|dgram)"/
            .test(await read(path));
        if (opens) callers.push(path);
      }
    }
  }
  assert.deepEqual(callers.sort(), [
    "supabase/functions/_shared/http/create-function.ts",
    "supabase/functions/_shared/outgoing/http/post.ts",
    "supabase/functions/_shared/toss/request.ts",
  ]);
});
