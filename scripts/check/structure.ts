import { circleIn, type ImportGraph, readImports } from "./imports.ts";
import { listFiles } from "./list-files.ts";
import { arrowsOf, FUNCTIONS, partProblems } from "./parts.ts";
import { roomProblems } from "./rooms.ts";

async function packageProblems(): Promise<string[]> {
  const problems: string[] = [];
  for (const file of await listFiles(FUNCTIONS, ".ts")) {
    const text = await Deno.readTextFile(file);
    for (
      const [, specifier = ""] of text.matchAll(
        /\bfrom "((?:npm|jsr|https?):[^"]+)"/g,
      )
    ) {
      problems.push(`${file}: ${specifier} belongs into import_map.json`);
    }
  }
  return problems;
}

function circleProblems(graph: ImportGraph): string[] {
  const circle = circleIn(graph);
  return circle === null ? [] : [`a circle: ${circle.join(" → ")}`];
}

async function configProblems(): Promise<string[]> {
  const config = await Deno.readTextFile("supabase/config.toml");
  const problems: string[] = [];
  for await (const entry of Deno.readDir(FUNCTIONS)) {
    if (entry.name.startsWith("_")) continue;
    const wanted =
      `[functions.${entry.name}]\nverify_jwt = false\nimport_map = "../import_map.json"`;
    if (!config.includes(wanted)) {
      problems.push(`supabase/config.toml lacks:\n${wanted}`);
    }
  }
  const lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  if (lock.version !== "4") {
    problems.push(
      `deno.lock is version ${lock.version}; the hosted runtime reads 4. Run: npx -y deno task --frozen=false lock`,
    );
  }
  return problems;
}

/**
 * Checks what no linter knows: which part may import which, that nothing goes in a circle, that every function is
 * written out in supabase/config.toml, and that deno.lock stays at version 4.
 */
export async function checkStructure(): Promise<number> {
  const graph = await readImports(FUNCTIONS);
  const problems = [
    ...partProblems(graph),
    ...circleProblems(graph),
    ...await packageProblems(),
    ...await roomProblems(),
    ...await configProblems(),
  ];
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) {
    const arrows = arrowsOf(graph).size;
    console.log(`structure: ok, ${arrows} arrows between the parts of _shared`);
  }
  return problems.length === 0 ? 0 : 1;
}
