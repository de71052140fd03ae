/**
 * A process that owns Postgres, so that nothing stays when the stack dies.
 *
 * Its standard input is a pipe from the stack. When that pipe closes, whatever
 * the reason, SIGKILL included, it shuts Postgres down, ends the guarded
 * processes and removes a temporary folder. It runs in its own session: a
 * Ctrl-C in the terminal does not reach it before the stack has stopped.
 *
 * @module
 */
import { readLines } from "./lines.ts";
import type { KeeperCommand, KeeperEvent, KeeperPlan } from "./keeper-types.ts";

const STOP_STEPS = [
  { signal: "SIGINT", waitMs: 10_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
] as const;

const plan: KeeperPlan = JSON.parse(Deno.args[0] ?? "");
const guarded = new Set<number>();
const encoder = new TextEncoder();
let server: Deno.ChildProcess | null = null;
const asked = new WeakSet<Deno.ChildProcess>();

function report(event: KeeperEvent): void {
  try {
    Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(event)}\n`));
  } catch {
    // The reader is gone; the end of standard input says so as well.
  }
}

function startServer(): void {
  const child = new Deno.Command(plan.command, {
    args: plan.arguments,
    ...(plan.uid === undefined ? {} : { uid: plan.uid }),
    ...(plan.gid === undefined ? {} : { gid: plan.gid }),
    cwd: "/",
    clearEnv: true,
    env: { LC_MESSAGES: "C", PATH: Deno.env.get("PATH") ?? "" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  server = child;
  followLog(child);
}

async function followLog(child: Deno.ChildProcess): Promise<void> {
  const log = await Deno.open(plan.logFile, {
    create: true,
    append: true,
    mode: 0o600,
  });
  const last: string[] = [];
  for await (const line of readLines(child.stderr)) {
    log.writeSync(encoder.encode(`${line}\n`));
    last.push(line);
    if (last.length > 20) last.shift();
    if (line.includes("database system is ready to accept connections")) {
      report({ type: "ready" });
    }
  }
  const { code } = await child.status;
  log.close();
  if (!asked.has(child)) report({ type: "exited", code, log: last });
}

async function stopServer(first: "SIGINT" | "SIGQUIT"): Promise<void> {
  const child = server;
  if (child === null) return;
  asked.add(child);
  let ended = false;
  const status = child.status.then(() => ended = true);
  for (const step of STOP_STEPS.slice(first === "SIGQUIT" ? 1 : 0)) {
    if (ended) break;
    try {
      child.kill(step.signal);
    } catch {
      break;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise((done) => timer = setTimeout(done, step.waitMs));
    await Promise.race([status, waited]);
    clearTimeout(timer);
  }
  server = null;
}

async function obey(command: KeeperCommand): Promise<void> {
  switch (command.type) {
    case "guard":
      guarded.add(command.pid);
      break;
    case "release":
      guarded.delete(command.pid);
      break;
    case "restart":
      await stopServer(command.signal);
      startServer();
      break;
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {});
}
startServer();
for await (const line of readLines(Deno.stdin.readable)) {
  await obey(JSON.parse(line));
}
for (const pid of guarded) {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
await stopServer("SIGINT");
if (plan.temporaryDirectory !== null) {
  await Deno.remove(plan.temporaryDirectory, { recursive: true })
    .catch(() => undefined);
}
report({ type: "stopped" });
Deno.exit(0);
