import { join } from "node:path";
import { functionsEnvironment } from "../../stack/environment.ts";
import { prepareFunctionsRuntime } from "../../stack/functions-runtime.ts";
import { readLines } from "../../stack/lines.ts";
import type { Upload } from "./upload.ts";
import { makeSecrets } from "../../stack/local-secrets.ts";

/** The Deno that the hosted runtime is compatible with. */
const HOSTED_DENO = "2.1.4";

/** An uploaded function that runs. */
export interface BootedFunction extends AsyncDisposable {
  /** Where the function answers, as the platform would call it. */
  url: string;
}

/** Path of the Deno of the hosted runtime, which npm brings. */
export async function hostedDeno(folder: string): Promise<string> {
  return (await prepareFunctionsRuntime(HOSTED_DENO, folder)).deno;
}

/** The files of one upload on disk, and what runs them. */
export interface UploadedFunction {
  /** Path of the Deno program. */
  deno: string;
  /** The folder that holds the uploaded files and nothing else. */
  folder: string;
  upload: Upload;
}

/** Arguments that keep this checkout out: no configuration, no lock, only the uploaded import map. */
function isolation({ folder, upload }: UploadedFunction): string[] {
  return [
    ...["--no-config", "--no-lock", "--node-modules-dir=none"],
    `--import-map=${join(folder, upload.metadata.import_map_path)}`,
  ];
}

function environment(variables: Record<string, string>) {
  // Nobody answers there: what is tested refuses before it asks the database.
  const nowhere = "http://127.0.0.1:9";
  return {
    ...functionsEnvironment(
      { apiUrl: nowhere, databaseUrl: nowhere, keys: makeSecrets() },
      variables,
      (name) => Deno.env.get(name),
    ),
    NO_COLOR: "1",
  };
}

async function run(
  uploaded: UploadedFunction,
  args: string[],
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(uploaded.deno, {
    args,
    cwd: uploaded.folder,
    clearEnv: true,
    env: environment({}),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    success,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Checks the types of an uploaded function; what the compiler says, null when it is content. */
export async function typeErrors(
  uploaded: UploadedFunction,
): Promise<string | null> {
  const entry = uploaded.upload.metadata.entrypoint_path;
  const { success, stderr } = await run(uploaded, [
    "check",
    ...isolation(uploaded),
    entry,
  ]);
  return success ? null : stderr;
}

/** Everything of Deno's description of a module graph that is needed here. */
interface Graph {
  npmPackages: Record<string, { name: string; version: string }>;
}

/** The npm packages that an uploaded function brings along. */
export async function npmPackages(
  uploaded: UploadedFunction,
): Promise<{ name: string; version: string }[]> {
  const entry = uploaded.upload.metadata.entrypoint_path;
  const args = ["info", "--json", ...isolation(uploaded), entry];
  const graph: Graph = JSON.parse((await run(uploaded, args)).stdout);
  return Object.values(graph.npmPackages);
}

/** The folder in which Deno keeps npm packages, each below its registry. */
export async function npmCache(uploaded: UploadedFunction): Promise<string> {
  const { stdout } = await run(uploaded, ["info", "--json", "--no-config"]);
  return JSON.parse(stdout).npmCache;
}

/** Starts an uploaded function on 127.0.0.1. Throws with its own words when it does not come up. */
export async function boot(
  uploaded: UploadedFunction,
  variables: Record<string, string>,
): Promise<BootedFunction> {
  const { name, entrypoint_path: entry } = uploaded.upload.metadata;
  const child = new Deno.Command(uploaded.deno, {
    args: [
      ...["serve", "-A", "--host=127.0.0.1", "--port=0"],
      ...isolation(uploaded),
      entry,
    ],
    cwd: uploaded.folder,
    clearEnv: true,
    env: environment(variables),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const address = Promise.withResolvers<string>();
  const lines: string[] = [];
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const line of readLines(stream)) {
      lines.push(line);
      const found = /Listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (found !== undefined) address.resolve(found);
    }
  };
  const ended = Promise.all([
    child.status,
    follow(child.stdout),
    follow(child.stderr),
  ]).then(() =>
    address.reject(new Error(`${name} did not boot:\n${lines.join("\n")}`))
  );
  const base = await address.promise;
  return {
    url: `${base}/${name}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
