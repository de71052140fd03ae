const FOLDER = "docs/decisions";

/** The list of decisions by number, with the title that each page has. */
export async function renderDecisions(): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(FOLDER)))
    .map(({ name }) => name).filter((name) => /^\d{4}-.*\.md$/.test(name))
    .sort();
  const lines = await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(`${FOLDER}/${name}`);
    const [, title = name] = /^# \d+\. (.+)$/m.exec(text) ?? [];
    return `- [${name.slice(0, 4)}](${name}) ${title}`;
  }));
  return [
    "# Decisions",
    "",
    "What the code alone does not explain, ten lines each.",
    "Written by `npx -y deno task docs` from the pages.",
    "",
    ...lines,
  ].join("\n") + "\n";
}
