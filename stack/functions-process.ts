import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";
import { readLines } from "./lines.ts";
import { PROJECT_ROOT } from "./paths.ts";

/** What {@linkcode startFunctionsProcess} needs. */
export interface FunctionsProcessOptions {
  /** Path of the Deno program that runs the functions. */
  deno: string;
  /** Flags that name the lock file, see `functions-runtime.ts`. */
  lockArguments: string[];
  /** Folder with one folder for each function. */
  functionsDirectory: string;
  /** Everything the functions see; nothing is inherited. */
  environment: Record<string, string>;
  log: (line: string) => void;
}

/** A running functions process. */
export interface FunctionsProcess {
  pid: number;
  /** The internal port on 127.0.0.1. */
  port: number;
  /** Loads every function now, instead of at its first request. */
  preload(): Promise<void>;
  /** Resolves when no `EdgeRuntime.waitUntil` promise is pending. */
  settled(): Promise<void>;
  /** Resolves when the process has ended, for whatever reason. */
  ended: Promise<void>;
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
}

function spawn(options: FunctionsProcessOptions): Deno.ChildProcess {
  const host = fileURLToPath(new URL("./functions-host.ts", import.meta.url));
  const folder = pathToFileURL(`${options.functionsDirectory}/`).href;
  return new Deno.Command(options.deno, {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      `--config=${join(PROJECT_ROOT, "deno.json")}`,
      ...options.lockArguments,
      "-A",
      host,
      folder,
    ],
    cwd: options.functionsDirectory,
    clearEnv: true,
    env: options.environment,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function follow(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  for await (const line of readLines(stream)) onLine(line);
}

/**
 * Starts a process that runs the edge functions.
 *
 * Resolves when it listens. Throws when it ends before that; its own words
 * are in the log.
 */
export async function startFunctionsProcess(
  options: FunctionsProcessOptions,
): Promise<FunctionsProcess> {
  const child = spawn(options);
  const listening = Promise.withResolvers<number>();
  const settling: (() => void)[] = [];
  const onOutput = (line: string) => {
    const port = line.match(/^\{"port":(\d+)\}$/)?.[1];
    if (port !== undefined) listening.resolve(Number(port));
    else if (line === '{"settled":true}') settling.shift()?.();
    else options.log(line);
  };
  const writer = child.stdin.getWriter();
  const ended = Promise.all([
    child.status,
    follow(child.stdout, onOutput),
    follow(child.stderr, options.log),
  ]).then(async () => {
    listening.reject(new Error("the functions process did not start"));
    for (const resolve of settling) resolve();
    await writer.close().catch(() => undefined);
  });
  const send = (command: string) =>
    writer.write(new TextEncoder().encode(`${command}\n`))
      // A process that has just ended is no error here: `ended` tells it.
      .catch(() => undefined);
  return {
    pid: child.pid,
    port: await listening.promise,
    ended,
    preload: () => send("preload"),
    async settled() {
      const answer = Promise.withResolvers<void>();
      settling.push(answer.resolve);
      await send("settle");
      await Promise.race([answer.promise, ended]);
    },
    async kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await ended;
    },
  };
}
