import { fileURLToPath } from "node:url";
import type { KeeperCommand, KeeperEvent, KeeperPlan } from "./keeper-types.ts";
import { readLines } from "./lines.ts";

/** The stack's end of the pipe to the process that owns Postgres. */
export interface Keeper {
  send(command: KeeperCommand): Promise<void>;
  /** Resolves at the next start of Postgres, rejects when it ends instead. */
  nextReady(): Promise<void>;
  /** Closes the pipe and waits until Postgres has stopped. */
  end(): Promise<void>;
}

function spawnKeeper(plan: KeeperPlan): Deno.ChildProcess {
  const program = fileURLToPath(
    new URL("./postgres-keeper.ts", import.meta.url),
  );
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-lock",
      "--no-prompt",
      "--quiet",
      "-A",
      program,
      JSON.stringify(plan),
    ],
    cwd: "/",
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Starts the process that owns Postgres (see `postgres-keeper.ts`). */
export function startKeeper(
  plan: KeeperPlan,
  log: (line: string) => void,
): Keeper {
  const child = spawnKeeper(plan);
  const writer = child.stdin.getWriter();
  let ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  const handle = (event: KeeperEvent) => {
    if (event.type === "ready") ready.resolve();
    if (event.type !== "exited") return;
    const text = `Postgres ended by itself:\n${event.log.join("\n")}`;
    ready.reject(new Error(text));
    log(text);
  };
  const reading = (async () => {
    for await (const line of readLines(child.stdout)) handle(JSON.parse(line));
    ready.reject(new Error("the process that owns Postgres ended"));
  })();
  return {
    async send(command) {
      if (command.type === "restart") {
        ready = Promise.withResolvers<void>();
        ready.promise.catch(() => undefined);
      }
      await writer.write(
        new TextEncoder().encode(`${JSON.stringify(command)}\n`),
      );
    },
    nextReady: () => ready.promise,
    async end() {
      await writer.close().catch(() => undefined);
      await reading;
      await child.status;
    },
  };
}
