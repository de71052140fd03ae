import { join } from "node:path";
import { PROJECT_ROOT } from "../../../stack/paths.ts";

/** A document of the project. */
export interface Page {
  /** From the project's root, with slashes. */
  path: string;
  text: string;
}

const ROOT_PAGES = [
  "README.md",
  "README.ko.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
];

async function listFolder(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(join(PROJECT_ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) paths.push(...await listFolder(path));
    else if (entry.name.endsWith(".md")) paths.push(path);
  }
  return paths;
}

/** Reads a file of the project as text. */
export function readProjectFile(path: string): Promise<string> {
  return Deno.readTextFile(join(PROJECT_ROOT, path));
}

/** Every document: those in the root, and all below docs/. */
export async function readPages(): Promise<Page[]> {
  const paths = [...ROOT_PAGES, ...(await listFolder("docs")).sort()];
  return await Promise.all(
    paths.map(async (path) => ({ path, text: await readProjectFile(path) })),
  );
}

/** The pages that exist in both languages, English first. */
export function pairsOf(pages: readonly Page[]): [Page, Page][] {
  return pages.flatMap((korean): [Page, Page][] => {
    const path = korean.path.replace(/\.ko\.md$/, ".md");
    const english = pages.find((page) => page.path === path);
    return path === korean.path || english === undefined
      ? []
      : [[english, korean]];
  });
}
