/** What the operator page has of npm, so that it needs neither a build nor a network: its copy, and where it comes from. */
const COPIES = {
  "examples/operator/vendor/uPlot.js": "uPlot.esm.js",
  "examples/operator/vendor/uPlot.css": "uPlot.min.css",
  "examples/operator/vendor/uPlot.LICENSE": "../LICENSE",
};

/** The copies as the pinned package has them. */
export async function vendoredFiles(): Promise<Record<string, string>> {
  const installed = import.meta.resolve("uplot");
  return Object.fromEntries(
    await Promise.all(
      Object.entries(COPIES).map(async ([copy, original]) => [
        copy,
        await Deno.readTextFile(new URL(original, installed)),
      ]),
    ),
  );
}
