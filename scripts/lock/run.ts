import { listFiles } from "../check/list-files.ts";
import { StopError } from "../door/errors.ts";

/** What Supabase runs the functions with. */
const HOSTED_DENO = "2.1.4";

async function readImports(): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile("import_map.json")).imports;
}

function importing(names: readonly string[]): string {
  return names.map((name) => `import ${JSON.stringify(name)};\n`).join("");
}

/** Lets a version of Deno resolve modules and write what it found into a lock file. */
async function cache(version: string, args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command("npx", {
    args: [
      ...["-y", `deno@${version}`, "cache", "--quiet", "--frozen=false"],
      ...args,
    ],
    env: { DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "system" },
  }).spawn().status;
  if (!success) throw new StopError("Neither lock file was changed.");
}

async function lockFunctions(folder: string): Promise<string> {
  const path = `${folder}/functions.lock`;
  await Deno.copyFile("import_map.json", `${folder}/import_map.json`);
  const runtime = `${folder}/runtime.ts`;
  await Deno.writeTextFile(
    runtime,
    importing(["@supabase/supabase-js", "hono", "zod"]),
  );
  await cache(HOSTED_DENO, [
    ...["--no-config", "--import-map=import_map.json", `--lock=${path}`],
    ...[runtime, ...await listFiles("supabase/functions", ".ts")],
  ]);
  const lock = JSON.parse(await Deno.readTextFile(path));
  if (lock.version !== "4") {
    throw new StopError(`Deno ${HOSTED_DENO} wrote version ${lock.version}.`);
  }
  // The current Deno also wants the import map's packages named; 2.1.4 ignores that section and would drop it, which is
  // why runs on 2.1.4 are given --no-lock (.ci/run).
  const packages = Object.values(await readImports())
    .map((target) => target.replace(/^(npm:(?:@[^/]+\/)?[^/]+).*/, "$1"));
  lock.workspace = { dependencies: [...new Set(packages)].sort() };
  return JSON.stringify(lock, null, 2) + "\n";
}

async function lockScripts(folder: string): Promise<string> {
  const path = `${folder}/scripts.lock`;
  const all = `${folder}/all.ts`;
  await Deno.writeTextFile(all, importing(Object.keys(await readImports())));
  await cache((await Deno.readTextFile(".deno-version")).trim(), [
    ...["--node-modules-dir=auto", "--config=deno.json", `--lock=${path}`, all],
  ]);
  return await Deno.readTextFile(path);
}

/** Writes both lock files anew, or neither. */
export async function run(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "lock-" });
  try {
    const functions = await lockFunctions(folder);
    const scripts = await lockScripts(folder);
    await Deno.writeTextFile("deno.lock", functions);
    await Deno.writeTextFile("scripts/deno.lock", scripts);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log("deno.lock (version 4) and scripts/deno.lock written");
  return 0;
}
