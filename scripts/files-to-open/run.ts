import { closureOf, readImports } from "../check/imports.ts";
import { arrowsOf, FUNCTIONS } from "../check/parts.ts";
import type { Options } from "./command.ts";

const PATHS: Record<string, string> = {
  confirm: "confirm/index.ts",
  webhook: "webhook/index.ts",
  charge: "billing-charge/index.ts",
};

/** Counts them. */
export async function run({ root, list }: Options): Promise<number> {
  const graph = await readImports(FUNCTIONS, root);
  for (const [name, start] of Object.entries(PATHS)) {
    const files = closureOf(graph, [`${FUNCTIONS}/${start}`]);
    console.log(`one ${name}: ${files.size} files`);
    if (list) console.log([...files].sort().join("\n"));
  }
  console.log(`_shared: ${arrowsOf(graph).size} arrows between its parts`);
  return 0;
}
