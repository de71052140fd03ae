import { join } from "node:path";
import { commandEnvironment } from "../project/command-environment.ts";
import { StopError } from "../door/errors.ts";
import { configurationProblems } from "./configuration.ts";
import { type DevSettings, readDevSettings } from "./settings.ts";
import { describeStack } from "./table.ts";
import { readDotEnv } from "../project/dot-env.ts";
import { SqlFileError } from "../../stack/migrations.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { isPortFree } from "../../stack/ports.ts";
import { recoverDataDirectory } from "../../stack/postgres-recovery.ts";
import {
  DirectoryInUseError,
  isDirectoryInUse,
} from "../../stack/stack-directory.ts";
import { withLocalWidget } from "../../stack/local-widget.ts";
import { type Stack, startStack } from "../../stack/stack.ts";
import { removeState, writeState } from "../project/state-file.ts";
import { watchFunctions } from "./watch-functions.ts";
import { watchWrappers } from "./wrapper-watch.ts";

function usedPorts(settings: DevSettings): [string, number][] {
  const ports: [string, number][] = [
    ["PORT", settings.port],
    ["DB_PORT", settings.dbPort],
    ["TOSS_SIM_PORT", settings.tossSimulatorPort],
    ["WEB_PORT", settings.webPort],
    ["WEBHOOK_PORT", settings.webhookPort ?? 0],
  ];
  return ports.filter(([name, port]) =>
    port !== 0 && (name !== "TOSS_SIM_PORT" || settings.tossApiBaseUrl === null)
  );
}

function portProblem(settings: DevSettings): string | null {
  const seen = new Map<number, string>();
  for (const [name, port] of usedPorts(settings)) {
    const other = seen.get(port);
    if (other !== undefined) {
      return `${other} and ${name} are both ${port}. Set one of them to another port.`;
    }
    if (!isPortFree(port)) {
      return `Port ${port} is already in use. Stop what uses it, or set ${name} to another port.`;
    }
    seen.set(port, name);
  }
  return null;
}

/** The error in words for the person who runs it, where it is one of the stack's own. */
function explain(error: unknown): unknown {
  if (error instanceof DirectoryInUseError) {
    return new StopError(
      `Another stack runs on ${error.path}. Stop it, or set DB_DIR to another folder.`,
    );
  }
  if (error instanceof SqlFileError) {
    return new StopError(`${error.message}\nRESET=1 starts from nothing.`);
  }
  return error;
}

/** The functions start all the same and answer \`not_configured\`, as they would on a hosted project. */
function warnOf(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  ${problem}`);
  console.error(
    ["The functions will answer not_configured:", ...lines].join("\n"),
  );
}

async function keepRunning(
  settings: DevSettings,
  ended: Promise<void>,
): Promise<void> {
  const { tossApiBaseUrl, ...options } = settings;
  const stack: Stack = await startStack({
    ...options,
    ...(tossApiBaseUrl === null ? {} : { tossApiBaseUrl }),
    // Another Toss has keys of its own.
    ...(tossApiBaseUrl === null
      ? { environment: withLocalWidget(settings.environment) }
      : {}),
    cron: true,
    notices: true,
    shop: true,
    warmSpare: true,
    log: (line) => console.error(line),
  });
  const port = Number(new URL(stack.apiUrl).port);
  const stopWatching = watchFunctions(
    join(PROJECT_ROOT, "supabase", "functions"),
    () => stack.reloadFunctions(),
  );
  try {
    await writeState({
      pid: Deno.pid,
      port,
      dbDir: settings.dbDir,
      variables: stack.variables(),
    });
    console.log(`\n${describeStack(stack, settings.dbDir)}\n\nready`);
    // Beside what runs: the page says so meanwhile, and why when it fails.
    stack.buildShop().catch(() => {});
    await ended;
  } finally {
    stopWatching();
    await removeState(port);
    await stack.stop();
  }
}

/** Starts the stack and keeps it until it is told to end. */
export async function run(): Promise<number> {
  const ended = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
    Deno.addSignalListener(signal, () => ended.resolve());
  }
  await watchWrappers(() => ended.resolve());
  try {
    const file = await readDotEnv(join(PROJECT_ROOT, ".env"));
    const settings = readDevSettings({ ...file, ...commandEnvironment() });
    // A running stack holds its ports too; its folder is the better reason.
    if (await isDirectoryInUse(settings.dbDir)) {
      throw new DirectoryInUseError(settings.dbDir);
    }
    // An orphan of a crashed run would count as a taken port.
    await recoverDataDirectory(join(settings.dbDir, "data"));
    const problem = portProblem(settings);
    if (problem !== null) throw new StopError(problem);
    warnOf(configurationProblems(settings.environment));
    await keepRunning(settings, ended.promise);
    return 0;
  } catch (error) {
    throw explain(error);
  }
}
