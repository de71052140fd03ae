import assert from "node:assert/strict";
import { join, posix } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { fencesOf, headingsOf, linksOf, tablesOf } from "./support/markdown.ts";
import { type Page, pairsOf, readPages } from "./support/pages.ts";

const pages = await readPages();
const pairs = pairsOf(pages);

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(join(PROJECT_ROOT, path)).then(
    () => true,
    () => false,
  );
}

async function problemOfLink(
  from: Page,
  target: string,
): Promise<string | null> {
  const [file = "", anchor] = target.split("#");
  const path = file === ""
    ? from.path
    : posix.normalize(posix.join(posix.dirname(from.path), file));
  const named = `${from.path}: ${target}`;
  if (!await exists(path)) return `${named} leads nowhere`;
  if (anchor === undefined) return null;
  const page = pages.find((candidate) => candidate.path === path);
  const anchors = headingsOf(page?.text ?? "").map((heading) => heading.anchor);
  return anchors.includes(decodeURIComponent(anchor))
    ? null
    : `${named} names no heading`;
}

Deno.test("links between documents lead to files and headings that are there", async () => {
  const links = pages.flatMap((page) =>
    linksOf(page.text)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => problemOfLink(page, target))
  );
  const problems = (await Promise.all(links)).filter((problem) => problem);
  assert.deepEqual(problems, []);
  assert.ok(links.length > 100, `${links.length} links`);
});

Deno.test("a Korean page links to Korean pages where there are any", () => {
  const problems = pairs.flatMap(([, { path, text }]) =>
    linksOf(text).filter((target) =>
      pairs.some(([english]) => {
        const [file = ""] = target.split("#");
        const named = posix.join(posix.dirname(path), file);
        return named === english.path;
      })
    ).map((target) => `${path}: ${target}`)
  ).filter((problem) =>
    // The line on top that offers the other language.
    !/^(?:docs\/)?([\w-]+)\.ko\.md: \1\.md$/.test(problem)
  );
  assert.deepEqual(problems, []);
});

Deno.test("every guide exists in both languages", () => {
  const names = pairs.map(([{ path }]) => path);
  for (
    const name of [
      "README",
      "docs/README",
      "docs/after-a-restore",
      "docs/api",
      "docs/architecture",
      "docs/dependencies",
      "docs/doctor",
      "docs/environment",
      "docs/errors",
      "docs/events",
      "docs/frontend",
      "docs/functions",
      "docs/going-live",
      "docs/local-development",
      "docs/operations",
      "docs/quick-start",
      "docs/refunds",
      "docs/scaling",
      "docs/security",
      "docs/simulator",
      "docs/states",
      "docs/subscriptions",
      "docs/virtual-accounts",
      "docs/webhooks",
      "docs/withdrawals",
    ]
  ) assert.ok(names.includes(`${name}.md`), name);
});

for (const ending of [".md", ".ko.md"]) {
  const contents = `docs/README${ending}`;
  Deno.test(`${contents} leads to every page`, () => {
    const found = linksOf(
      pages.find(({ path }) => path === contents)?.text ?? "",
    ).map((target) => posix.join("docs", target));
    const wanted = pages.map(({ path }) => path).filter((path) =>
      path.startsWith("docs/") && posix.dirname(path) === "docs" &&
      path !== contents && path.endsWith(".ko.md") === (ending === ".ko.md")
    );
    assert.deepEqual(wanted.filter((path) => !found.includes(path)), []);
  });
}

/** Code without comments and without what a diagram says in words. */
function essenceOf({ language, code }: { language: string; code: string }) {
  switch (language) {
    case "sh":
      return code.replaceAll(/(^|\s+)# .*$/gm, "");
    case "sql":
      return code.replaceAll(/(^|\s+)-- .*$/gm, "");
    case "ts":
    case "js":
      return code.replaceAll(/\s*\/\/.*$/gm, "");
    case "mermaid":
      return code.replaceAll(/:.*$/gm, "");
    case "text":
      return "";
    default:
      return code;
  }
}

for (const [english, korean] of pairs) {
  Deno.test(`${korean.path} has the structure, commands and code of ${english.path}`, () => {
    const levels = ({ text }: Page) =>
      headingsOf(text).map(({ level }) => level);
    const code = ({ text }: Page) =>
      fencesOf(text).map((fence) => ({
        language: fence.language,
        marker: fence.marker,
        code: essenceOf(fence),
      }));
    const sizes = ({ text }: Page) =>
      tablesOf(text).map((table) => `${table.length} × ${table[0]?.length}`);

    assert.deepEqual(levels(korean), levels(english), "headings");
    assert.deepEqual(code(korean), code(english), "code");
    assert.deepEqual(sizes(korean), sizes(english), "tables");
  });
}

Deno.test("no command of a document carries a comment, which zsh would take as arguments", () => {
  const commented = pages.flatMap(({ path, text }) =>
    fencesOf(text).filter(({ language }) => language === "sh")
      .flatMap(({ code }) => code.split("\n"))
      .filter((line) => /(?:^|\s)#\s/.test(line))
      .map((line) => `${path}: ${line}`)
  );
  assert.deepEqual(commented, []);
});
