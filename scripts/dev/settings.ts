import { join, resolve } from "node:path";
import { givenValues } from "../../supabase/functions/_shared/config/given-values.ts";
import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** The settings of `dev`, as its environment variables give them. */
export interface DevSettings {
  port: number;
  dbPort: number;
  tossSimulatorPort: number;
  webPort: number;
  /** Undefined = no port for webhooks alone. */
  webhookPort?: number;
  /** Absolute path of the folder that keeps the data. */
  dbDir: string;
  reset: boolean;
  /** Null = the simulator. */
  tossApiBaseUrl: string | null;
  /** Variables of `.env.example` that are given. */
  environment: Record<string, string>;
}

/** A variable whose value cannot be used; the message names it. */
export class SettingError extends Error {
  override name = "SettingError";
}

/** The variables that hold a port, and their defaults. */
export const PORT_VARIABLES = {
  PORT: 54321,
  DB_PORT: 54322,
  TOSS_SIM_PORT: 54380,
  WEB_PORT: 54390,
} as const;

/** Name of one of the variables that hold a port. */
export type PortVariable = keyof typeof PORT_VARIABLES;

function parsePort(name: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new SettingError(`${name} must be a port number, not "${text}".`);
}

/**
 * Reads a port, or takes its default.
 *
 * @throws SettingError when the variable holds something else
 */
export function readPort(
  name: PortVariable,
  variables: Record<string, string>,
): number {
  return parsePort(name, variables[name] || String(PORT_VARIABLES[name]));
}

function readTossUrl(text: string | undefined): string | null {
  if (!text) return null;
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new SettingError(
    "TOSS_API_BASE_URL must be an address that begins with http:// or https://.",
  );
}

/**
 * Real money has no business on a stack whose database anybody on this machine may open.
 *
 * Throws {@linkcode SettingError}.
 */
function refuseLiveKeys(variables: Record<string, string>): void {
  for (const name of ["TOSS_SECRET_KEY", "TOSS_CLIENT_KEY"]) {
    if (!/(?:^|,)\s*live_/.test(variables[name] ?? "")) continue;
    throw new SettingError(
      `${name} is a live key. The local stack takes test keys (test_…) alone.`,
    );
  }
}

/** Chooses the folder for the data: `DB_DIR`, else `.local/db`. */
export function dataFolder(variables: Record<string, string>): string {
  return variables.DB_DIR
    ? resolve(variables.DB_DIR)
    : join(PROJECT_ROOT, ".local", "db");
}

/**
 * Reads the settings of `dev` from environment variables.
 *
 * Empty variables count as absent, and white space around a value does not count. Throws {@linkcode SettingError}.
 */
export function readDevSettings(
  environment: Record<string, string>,
): DevSettings {
  const variables = givenValues(environment);
  refuseLiveKeys(variables);
  const given = PROJECT_VARIABLES.filter((name) => variables[name]);
  return {
    port: readPort("PORT", variables),
    dbPort: readPort("DB_PORT", variables),
    tossSimulatorPort: readPort("TOSS_SIM_PORT", variables),
    webPort: readPort("WEB_PORT", variables),
    ...(variables.WEBHOOK_PORT
      ? { webhookPort: parsePort("WEBHOOK_PORT", variables.WEBHOOK_PORT) }
      : {}),
    dbDir: dataFolder(variables),
    reset: ["1", "true"].includes(variables.RESET ?? ""),
    tossApiBaseUrl: readTossUrl(variables.TOSS_API_BASE_URL),
    environment: Object.fromEntries(
      given.map((name) => [name, variables[name] ?? ""]),
    ),
  };
}
