import { join } from "node:path";
import { commandEnvironment } from "./command/command-environment.ts";
import { runCommand } from "./command/run-command.ts";
import { configurationProblems } from "./dev/configuration.ts";
import {
  type DevSettings,
  PORT_VARIABLES,
  readDevSettings,
  SettingError,
} from "./dev/settings.ts";
import { describeStack } from "./dev/table.ts";
import { readDotEnv } from "./command/dot-env.ts";
import { SqlFileError } from "../stack/migrations.ts";
import { PROJECT_ROOT } from "../stack/paths.ts";
import { isPortFree } from "../stack/ports.ts";
import { recoverDataDirectory } from "../stack/postgres-recovery.ts";
import {
  DirectoryInUseError,
  isDirectoryInUse,
} from "../stack/stack-directory.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { removeState, writeState } from "./command/state-file.ts";
import { watchFunctions } from "./dev/watch-functions.ts";
import { watchWrappers } from "./dev/wrapper-watch.ts";

const HELP = `Starts the whole project on this machine and keeps it running.

  npx -y deno task dev

  PORT           API: /rest/v1, /auth/v1, /functions/v1   (${PORT_VARIABLES.PORT})
  DB_PORT        Postgres                                 (${PORT_VARIABLES.DB_PORT})
  TOSS_SIM_PORT  Toss simulator                           (${PORT_VARIABLES.TOSS_SIM_PORT})
  WEB_PORT       page where redirects end                 (${PORT_VARIABLES.WEB_PORT})
  WEBHOOK_PORT   takes POST webhook and nothing else,
                 for a tunnel such as ngrok               (none)
  DB_DIR         folder that keeps the data               (.local/db)
  RESET=1        throws the data away first
  TOSS_API_BASE_URL  another Toss; no simulator is started

Only test keys of Toss are taken. Every variable of .env.example may be set too, in the environment or in the
file .env of the project; the environment wins. Port 0 takes a free one.
Ctrl-C or SIGTERM stops everything.`;

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

function explain(error: unknown): string | null {
  if (error instanceof DirectoryInUseError) {
    return `Another stack runs on ${error.path}. Stop it, or set DB_DIR to another folder.`;
  }
  if (error instanceof SqlFileError) {
    return `${error.message}\nRESET=1 starts from nothing.`;
  }
  if (error instanceof SettingError) return error.message;
  return null;
}

/** The functions start all the same and answer \`not_configured\`, as they would on a hosted project. */
function warnOf(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  ${problem}`);
  console.error(
    ["The functions will answer not_configured:", ...lines].join("\n"),
  );
}

async function run(settings: DevSettings, ended: Promise<void>): Promise<void> {
  const { tossApiBaseUrl, ...options } = settings;
  const stack: Stack = await startStack({
    ...options,
    ...(tossApiBaseUrl === null ? {} : { tossApiBaseUrl }),
    cron: true,
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
    await ended;
  } finally {
    stopWatching();
    await removeState(port);
    await stack.stop();
  }
}

async function main(): Promise<number> {
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
    if (problem !== null) throw new SettingError(problem);
    warnOf(configurationProblems(settings.environment));
    await run(settings, ended.promise);
    return 0;
  } catch (error) {
    const text = explain(error);
    if (text === null) throw error;
    console.error(text);
    return 1;
  }
}

await runCommand({ name: "dev", help: HELP, options: {}, run: main });
