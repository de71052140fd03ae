import { listFiles } from "./list-files.ts";

/** What each file of ours imports of ours, by path from the root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g;

/** Reads the relative imports of every TypeScript file below a folder, those of types alone as well. */
export async function readImports(
  folder: string,
  root = ".",
): Promise<ImportGraph> {
  const graph = new Map<string, string[]>();
  for (const path of await listFiles(`${root}/${folder}`, ".ts")) {
    const file = path.slice(root.length + 1);
    const text = await Deno.readTextFile(path);
    const targets = [...text.matchAll(SPECIFIER)].map(([, specifier = ""]) =>
      new URL(specifier, `file:///${file}`).pathname.slice(1)
    );
    graph.set(file, [...new Set(targets)]);
  }
  return graph;
}

/** A file and everything of ours that it imports, directly or by another. */
export function closureOf(
  graph: ImportGraph,
  starts: readonly string[],
): Set<string> {
  const seen = new Set<string>();
  const waiting = [...starts];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    waiting.push(...graph.get(file) ?? []);
  }
  return seen;
}

/** The files of one circle of imports; null when there is none. */
export function circleIn(graph: ImportGraph): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | null => {
    const start = path.indexOf(file);
    if (start !== -1) return [...path.slice(start), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const target of graph.get(file) ?? []) {
      const circle = visit(target);
      if (circle !== null) return circle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const circle = visit(file);
    if (circle !== null) return circle;
  }
  return null;
}
