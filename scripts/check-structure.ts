import { listFiles } from "./check/list-files.ts";
import { roomProblems } from "./check/rooms.ts";
import { runCommand } from "./command/run-command.ts";

const HELP =
  `Checks what no linter knows: which part may import which, that every function
is written out in supabase/config.toml, and that deno.lock stays at version 4.`;

const FUNCTIONS = "supabase/functions";

/** Parts of _shared and what of ours each may import. A part that is missing here may import every part. */
const ALLOWED_IMPORTS: Record<string, string[]> = {
  toss: ["toss"],
  security: ["security"],
  config: ["config", "security", "toss"],
  database: ["database"],
  payments: ["payments", "database", "toss", "security", "logger"],
  billing: [
    "billing",
    "payments",
    "database",
    "toss",
    "security",
    "run-batches",
  ],
};

/** The part of _shared that a path belongs to, or the function's name. */
function partOf(path: string): { shared: boolean; name: string } {
  const [first = "", second = ""] = path.slice(FUNCTIONS.length + 1).split("/");
  return first === "_shared"
    ? { shared: true, name: second.replace(/\.ts$/, "") }
    : { shared: false, name: first };
}

function importProblem(file: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) {
    return /^(npm|jsr|https?):/.test(specifier)
      ? `${file}: ${specifier} belongs into import_map.json`
      : null;
  }
  const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
  if (!target.startsWith(`${FUNCTIONS}/`)) {
    return `${file}: ${specifier} leaves ${FUNCTIONS}, so it would not be deployed`;
  }
  const from = partOf(file);
  const to = partOf(target);
  if (!to.shared && (from.shared || from.name !== to.name)) {
    return `${file}: ${specifier} imports another function`;
  }
  const allowed = from.shared ? ALLOWED_IMPORTS[from.name] : undefined;
  return allowed !== undefined && !allowed.includes(to.name)
    ? `${file}: _shared/${from.name} must not know _shared/${to.name}`
    : null;
}

async function importProblems(): Promise<string[]> {
  const problems: string[] = [];
  for (const file of await listFiles(FUNCTIONS, ".ts")) {
    const text = await Deno.readTextFile(file);
    for (const [, specifier = ""] of text.matchAll(/\bfrom "([^"]+)"/g)) {
      const problem = importProblem(file, specifier);
      if (problem !== null) problems.push(problem);
    }
  }
  return problems;
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
      `deno.lock is version ${lock.version}; the hosted runtime reads 4. Run: npx -y deno task lock`,
    );
  }
  return problems;
}

async function check(): Promise<number> {
  const problems = [
    ...await importProblems(),
    ...await roomProblems(),
    ...await configProblems(),
  ];
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log("structure: ok");
  return problems.length === 0 ? 0 : 1;
}

await runCommand({ name: "check", help: HELP, options: {}, run: check });
