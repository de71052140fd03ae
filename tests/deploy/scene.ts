import { join } from "node:path";
import { SUPABASE_CLI } from "../../scripts/hosted/supabase-cli.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { DATABASE_PASSWORD } from "../../stack/postgres.ts";
import { type Stack, startStack } from "../../stack/stack.ts";
import { type ManagementApi, startManagementApi } from "./management-api.ts";
import { writeUpload } from "./upload.ts";

/** How a command ended. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** What a command gets besides its arguments. */
export interface CommandOptions {
  /** What is typed, through a pipe: nobody sits at a terminal. */
  input?: string;
  /** Undefined takes a variable away. */
  environment?: Record<string, string | undefined>;
}

/** A hosted project: a local stack without our functions, and a stand-in of the management API. */
export interface Scene {
  stack: Stack;
  api: ManagementApi;
  /** The file with the functions' variables. */
  envFile: string;
  /** Runs `deploy` or `uninstall` for the project. */
  run(
    script: "deploy" | "uninstall",
    args: string[],
    options?: CommandOptions,
  ): Promise<CommandResult>;
  /** Every argument that any run of npx got so far. */
  npxArguments(): Promise<string[]>;
  stop(): Promise<void>;
}

/** The project that every scene deploys to. */
export const PROJECT_REF = "rehearsalofdeploymen";
/** What the stand-in takes; the form is the real one. */
export const ACCESS_TOKEN = `sbp_${"0123456789abcdef".repeat(2)}01234567`;

/** Secrets that must not be seen anywhere but where they belong. */
export const SECRETS = {
  TOSS_SECRET_KEY: "test_sk_RehearsalSecretKey",
  TOSS_SECURITY_KEY: "5ec0".repeat(16),
  // What a shell, a .env file, SQL or JSON could misread.
  CRON_SECRET: "Rehearsal'Cron%41#Secret$HOME\\n",
  WEBHOOK_URL_TOKEN: `it's $HOME #"quoted" \\n %41 한글 token`,
  BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({
    first: btoa("RehearsalEncryptionKey-32-bytes!"),
  }),
};

/** The functions' variables of every scene. */
export const VARIABLES = {
  ...SECRETS,
  TOSS_CLIENT_KEY: "test_ck_RehearsalClientKey",
  APP_URL: "https://shop.example",
};

// Notes its arguments, then is the real one; the Supabase CLI without npm's second of start-up.
const NPX = `#!/bin/sh
printf '%s\\n' "$@" >> "$NPX_ARGUMENTS"
if [ "$2" = "${SUPABASE_CLI}" ]; then shift 2; exec "$SUPABASE_CLI" "$@"; fi
PATH=\${PATH#*:} exec npx "$@"
`;

/** Where npm keeps the Supabase CLI that `npx` would run. */
async function supabaseCliPath(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("npx", {
    args: ["-y", `--package=${SUPABASE_CLI}`, "-c", "command -v supabase"],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}

function dotEnv(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) =>
      `${name}=${value.includes("'") ? `\`${value}\`` : `'${value}'`}\n`
    ).join("");
}

/** Writes the file that sends the CLI to another management API; its path. */
export async function writeProfile(
  folder: string,
  apiUrl: string,
): Promise<string> {
  const path = join(folder, "profile.json");
  const profile = {
    name: "rehearsal",
    api_url: apiUrl,
    dashboard_url: apiUrl,
    docs_url: apiUrl,
    project_host: "invalid",
    pooler_host: "invalid",
  };
  await Deno.writeTextFile(path, JSON.stringify(profile));
  return path;
}

/** What a project has before the first command. */
export interface SceneOptions {
  /** Runs the migrations without the commands. @default false */
  isMigrated?: boolean;
}

/** The project, whose functions appear as they are deployed into `folder`. */
async function startProject(
  folder: string,
  { isMigrated = false }: SceneOptions,
): Promise<Stack> {
  const migrationsDirectory = isMigrated
    ? join(PROJECT_ROOT, "supabase", "migrations")
    : join(folder, "no-migrations");
  const functionsDirectory = join(folder, "deployed", "supabase", "functions");
  if (!isMigrated) await Deno.mkdir(migrationsDirectory);
  await Deno.mkdir(functionsDirectory, { recursive: true });
  const stack = await startStack({
    migrationsDirectory,
    functionsDirectory,
    seed: false,
    environment: VARIABLES,
    tossApiBaseUrl: "https://toss.invalid",
  });
  await stack.sql.unsafe(`
    create role supabase_read_only_user login bypassrls password '${DATABASE_PASSWORD}';
    grant pg_read_all_data to supabase_read_only_user;
    ${isMigrated ? "" : "delete from vault.secrets;"}
  `);
  return stack;
}

async function execute(
  script: string,
  args: string[],
  { input = "", environment }: {
    input?: string | undefined;
    environment: Record<string, string>;
  },
): Promise<CommandResult> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-check", "--node-modules-dir=auto"],
      `--lock=${join(PROJECT_ROOT, "scripts", "deno.lock")}`,
      join(PROJECT_ROOT, "scripts", "toss.ts"),
      script,
      ...args,
    ],
    cwd: PROJECT_ROOT,
    clearEnv: true,
    env: environment,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A command that asks nothing ends before it has read anything.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** What a command needs of this process's environment, and nothing of a project that it might name. */
function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !name.startsWith("SUPABASE_") && !(name in VARIABLES)
  );
  return Object.fromEntries(entries);
}

/** The variables of a process whose `npx` notes its arguments in `folder` and starts the CLI at once. */
export async function npxVariables(folder: string) {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  await Deno.writeTextFile(join(bin, "npx"), NPX, { mode: 0o755 });
  return {
    PATH: `${bin}:${Deno.env.get("PATH")}`,
    NPX_ARGUMENTS: join(folder, "npx-arguments"),
    SUPABASE_CLI: await supabaseCliPath(),
  };
}

async function prepareCommands(folder: string, stack: Stack, apiUrl: string) {
  return {
    ...inheritedEnvironment(),
    ...await npxVariables(folder),
    SUPABASE_ACCESS_TOKEN: ACCESS_TOKEN,
    SUPABASE_PROFILE: await writeProfile(folder, apiUrl),
    SUPABASE_HOME: join(folder, "home"),
    SUPABASE_DB_URL: stack.dbUrl,
  };
}

/** Starts a project and what deploys to it. The caller must `stop()` it. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const folder = await Deno.makeTempDir({ prefix: "deploy-rehearsal-" });
  const stack = await startProject(folder, options);
  const api = startManagementApi({
    projectRef: PROJECT_REF,
    accessToken: ACCESS_TOKEN,
    databaseUrl: (role) => {
      const url = new URL(stack.dbUrl);
      url.username = role;
      return url.href;
    },
    secretKey: stack.secretKey,
    publishableKey: stack.publishableKey,
    onDeploy: (upload) => writeUpload(join(folder, "deployed"), upload),
  });
  const envFile = join(folder, "rehearsal.env");
  await Deno.writeTextFile(envFile, dotEnv(VARIABLES));
  const commands = await prepareCommands(folder, stack, api.url);
  return {
    stack,
    api,
    envFile,
    async run(script, args, { input, environment = {} } = {}) {
      const entries = Object.entries({ ...commands, ...environment })
        .filter((entry): entry is [string, string] => entry[1] !== undefined);
      return await execute(
        script,
        [`--project-ref=${PROJECT_REF}`, `--url=${stack.apiUrl}`, ...args],
        { input, environment: Object.fromEntries(entries) },
      );
    },
    npxArguments: async () =>
      (await Deno.readTextFile(commands.NPX_ARGUMENTS)).split("\n"),
    async stop() {
      await api.stop();
      await stack.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
