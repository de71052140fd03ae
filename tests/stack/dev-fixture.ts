import { join } from "node:path";
import { readLines } from "../../stack/lines.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** What a command said and how it ended. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A running `dev`. */
export interface Dev {
  process: Deno.ChildProcess;
  /** Everything it printed up to `ready`. */
  output: string;
  /** The port of the API. */
  port: string;
}

interface CommandOptions {
  arguments?: string[];
  environment: Record<string, string>;
  /** Puts a program between, as npx and the npm package of Deno do. */
  wrapped?: boolean;
}

function wrap(args: string[]): string[] {
  const text = JSON.stringify(args);
  return [
    "eval",
    `await new Deno.Command(Deno.execPath(), { args: ${text} }).spawn().status`,
  ];
}

function commandOf(name: string, options: CommandOptions): Deno.Command {
  const args = [
    "run",
    "-A",
    "--quiet",
    `--lock=${join(PROJECT_ROOT, "scripts", "deno.lock")}`,
    "--node-modules-dir=auto",
    join(PROJECT_ROOT, "scripts", "toss.ts"),
    name,
    ...options.arguments ?? [],
  ];
  return new Deno.Command(Deno.execPath(), {
    args: options.wrapped ? wrap(args) : args,
    cwd: PROJECT_ROOT,
    env: options.environment,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Variables for a `dev` on free ports with its data in a folder. */
export function devEnvironment(dbDir: string): Record<string, string> {
  return {
    PORT: "0",
    DB_PORT: "0",
    TOSS_SIM_PORT: "0",
    WEB_PORT: "0",
    DB_DIR: dbDir,
  };
}

/** Runs a command of `toss` to its end. */
export async function runToss(
  name: string,
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await commandOf(name, options).output();
  const decoder = new TextDecoder();
  return {
    code: result.code,
    stdout: decoder.decode(result.stdout),
    stderr: decoder.decode(result.stderr),
  };
}

/** Starts `dev` and waits until it says `ready`. */
export async function startDev(
  environment: Record<string, string>,
  options: Pick<CommandOptions, "wrapped"> = {},
): Promise<Dev> {
  const process = commandOf("dev", { environment, ...options }).spawn();
  const errors = new Response(process.stderr).text();
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  (async () => {
    for await (const line of readLines(process.stdout)) {
      lines.push(line);
      if (line === "ready") ready.resolve();
    }
    ready.reject(new Error(`dev ended: ${await errors}`));
  })();
  ready.promise.catch(() => undefined);
  await ready.promise;
  const output = lines.join("\n");
  const port = output.match(/API +http:\/\/127\.0\.0\.1:(\d+)/)?.[1] ?? "";
  return { process, output, port };
}
