import { givenValues } from "../../supabase/functions/_shared/config/given-values.ts";
import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { StopError } from "../door/errors.ts";
import { dataFolder, parsePort, readPort } from "../project/local-settings.ts";

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

function readTossUrl(text: string | undefined): string | null {
  if (!text) return null;
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new StopError(
    "TOSS_API_BASE_URL must be an address that begins with http:// or https://.",
  );
}

/**
 * Real money has no business on a stack whose database anybody on this machine may open.
 *
 * Throws {@linkcode StopError}.
 */
function refuseLiveKeys(variables: Record<string, string>): void {
  for (const name of ["TOSS_SECRET_KEY", "TOSS_CLIENT_KEY"]) {
    if (!/(?:^|,)\s*live_/.test(variables[name] ?? "")) continue;
    throw new StopError(
      `${name} is a live key. The local stack takes test keys (test_…) alone.`,
    );
  }
}

/**
 * Reads the settings of `dev` from environment variables.
 *
 * Empty variables count as absent, and white space around a value does not count. Throws {@linkcode StopError}.
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
