import { listFiles } from "./list-files.ts";

/** The rooms of the house, and what of ours each may import beside itself. Nobody imports tests. */
const ROOMS: Record<string, readonly string[]> = {
  simulator: [],
  packages: [],
  // It starts the functions as files, and knows nothing that stands in them.
  stack: ["simulator"],
  proofs: ["stack", "simulator", "supabase"],
  scripts: ["proofs", "stack", "simulator", "supabase"],
};

const IMPORT = /(?:\bfrom|\bimport\()\s*"(\.[^"]+)"/g;

function roomOf(path: string): string {
  return path.split("/")[0] ?? "";
}

/** Every import that leads from one room into another that it must not know. */
export async function roomProblems(): Promise<string[]> {
  const problems: string[] = [];
  for (const [room, allowed] of Object.entries(ROOMS)) {
    for (const file of await listFiles(room, ".ts")) {
      const text = await Deno.readTextFile(file);
      for (const [, specifier = ""] of text.matchAll(IMPORT)) {
        const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
        if ([room, ...allowed].includes(roomOf(target))) continue;
        problems.push(`${file}: ${room} must not know ${target}`);
      }
    }
  }
  return problems;
}
