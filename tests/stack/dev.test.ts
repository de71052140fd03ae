import assert from "node:assert/strict";
import { join } from "node:path";
import { describeProcess } from "../../stack/describe-process.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { isProcessAlive } from "../../stack/process-alive.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { devEnvironment, runToss, startDev } from "./dev-fixture.ts";

const LINUX = Deno.build.os === "linux";

async function processesOf(dev: number, dbDir: string): Promise<number[]> {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const entry = await describeProcess(Number(name));
    if (entry?.parent === dev || entry?.command.includes(dbDir)) {
      found.push(Number(name));
    }
  }
  return found;
}

async function allEnded(processes: number[]): Promise<boolean> {
  return await waitUntil(
    () => !processes.some((pid) => isProcessAlive(pid)),
    { timeoutMs: 120_000 },
  );
}

Deno.test("dev says where everything is, status repeats it, SIGTERM ends it", async () => {
  const dbDir = await Deno.makeTempDir();
  const dev = await startDev(devEnvironment(dbDir));
  const environment = { PORT: dev.port, DB_DIR: dbDir };
  const status = await runToss("status", { environment });
  const names = status.stdout.trim().split("\n")
    .map((line) => line.match(/^([A-Z_]+)=".+"$/)?.[1]);
  const stateFile = join(PROJECT_ROOT, ".local", "stacks", `${dev.port}.json`);
  const { mode } = await Deno.stat(stateFile);
  const children = LINUX ? await processesOf(dev.process.pid, dbDir) : [];
  dev.process.kill("SIGTERM");
  const { code } = await dev.process.status;
  const later = await runToss("status", { environment });

  assert.match(dev.output, /\nready$/);
  assert.equal(status.code, 0);
  assert.deepEqual(names, [
    "API_URL",
    "DB_URL",
    "PUBLISHABLE_KEY",
    "SECRET_KEY",
    "JWT_SECRET",
    "FUNCTIONS_URL",
    "TOSS_API_BASE_URL",
    "CRON_SECRET",
    "WEB_URL",
  ]);
  if (mode !== null) assert.equal(mode & 0o777, 0o600);
  assert.equal(code, 0);
  assert.ok(await allEnded(children));
  assert.equal(later.code, 1);
  assert.match(later.stderr, /stack/);
  await Deno.remove(dbDir, { recursive: true });
});

Deno.test({
  name: "a SIGKILL of dev leaves no process, and the next start works",
  ignore: !LINUX,
  async fn() {
    const dbDir = await Deno.makeTempDir();
    const dev = await startDev(devEnvironment(dbDir));
    const children = await processesOf(dev.process.pid, dbDir);
    dev.process.kill("SIGKILL");
    await dev.process.status;
    // Postgres with its helpers, its keeper, the functions and their spare.
    assert.ok(children.length >= 4, `found ${children.length} processes`);
    assert.ok(await allEnded(children));
    const next = await startDev(devEnvironment(dbDir));
    next.process.kill("SIGINT");
    assert.equal((await next.process.status).code, 0);
    await Deno.remove(dbDir, { recursive: true });
  },
});

Deno.test({
  name: "dev recovers a database whose Postgres was left without an owner",
  ignore: !LINUX,
  async fn() {
    const dbDir = await Deno.makeTempDir();
    const dev = await startDev(devEnvironment(dbDir));
    const children = await processesOf(dev.process.pid, dbDir);
    const commands = await Promise.all(children.map(describeProcess));
    const keeper = commands.find((c) => c?.command.includes("keeper.ts"));
    assert.ok(keeper);
    Deno.kill(keeper.pid, "SIGKILL");
    dev.process.kill("SIGKILL");
    await dev.process.status;
    const next = await startDev(devEnvironment(dbDir));
    assert.ok(await allEnded(children));
    next.process.kill("SIGTERM");
    assert.equal((await next.process.status).code, 0);
    await Deno.remove(dbDir, { recursive: true });
  },
});

Deno.test({
  name: "dev ends when the program that started it is killed",
  ignore: !LINUX,
  async fn() {
    const dbDir = await Deno.makeTempDir();
    const dev = await startDev(devEnvironment(dbDir), { wrapped: true });
    const processes = await processesOf(dev.process.pid, dbDir);
    dev.process.kill("SIGKILL");
    await dev.process.status;
    assert.ok(processes.length >= 3, `found ${processes.length} processes`);
    assert.ok(await allEnded(processes));
    await Deno.remove(dbDir, { recursive: true });
  },
});

Deno.test("dev names a taken port and its variable, and starts nothing", async () => {
  const dbDir = await Deno.makeTempDir();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (
    const name of [
      "PORT",
      "DB_PORT",
      "TOSS_SIM_PORT",
      "WEB_PORT",
      "WEBHOOK_PORT",
    ]
  ) {
    const environment = {
      ...devEnvironment(dbDir),
      [name]: String(taken.addr.port),
    };
    const result = await runToss("dev", { environment });
    assert.equal(result.code, 1);
    assert.equal(
      result.stderr.trim(),
      `Port ${taken.addr.port} is already in use. ` +
        `Stop what uses it, or set ${name} to another port.`,
    );
  }
  assert.deepEqual(Array.from(Deno.readDirSync(dbDir)), []);
  await Deno.remove(dbDir);
});

Deno.test("dev and status explain themselves with --help", async () => {
  for (const script of ["dev", "status"]) {
    const result = await runToss(script, {
      arguments: ["--help"],
      environment: {},
    });
    assert.equal(result.code, 0);
    assert.match(result.stdout, /PORT/);
  }
});
