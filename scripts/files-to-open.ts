import { closureOf, readImports } from "./check/imports.ts";
import { arrowsOf, FUNCTIONS } from "./check/parts.ts";
import { runCommand } from "./command/run-command.ts";

const HELP =
  `Counts the TypeScript files of ours that stand behind one confirm, one webhook
and one charge, packages not counted, and the arrows between the parts of _shared.

  npx -y deno run -A scripts/files-to-open.ts [--root <checkout>] [--list]

--root   another checkout than this one
--list   print the files as well`;

const PATHS: Record<string, string> = {
  confirm: "confirm/index.ts",
  webhook: "webhook/index.ts",
  charge: "billing-charge/index.ts",
};

async function count(
  { root = ".", list = false }: { root?: string; list?: boolean },
): Promise<number> {
  const graph = await readImports(FUNCTIONS, root);
  for (const [name, start] of Object.entries(PATHS)) {
    const files = closureOf(graph, [`${FUNCTIONS}/${start}`]);
    console.log(`one ${name}: ${files.size} files`);
    if (list) console.log([...files].sort().join("\n"));
  }
  console.log(`_shared: ${arrowsOf(graph).size} arrows between its parts`);
  return 0;
}

await runCommand({
  name: "files-to-open",
  help: HELP,
  options: { root: { type: "string" }, list: { type: "boolean" } },
  run: count,
});
