import {
  type ConfigProblem,
  loadConfig,
} from "../../supabase/functions/_shared/config/config.ts";
import type { SoundVariables } from "../../supabase/functions/_shared/config/environment.ts";
import { givenValues } from "../../supabase/functions/_shared/config/given-values.ts";
import { readEnvironment } from "../../supabase/functions/_shared/config/read-environment.ts";
import { keyMode } from "../../supabase/functions/_shared/toss/keys.ts";
import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { readDotEnv } from "../project/dot-env.ts";

/** The functions' variables, checked as the functions themselves check them. */
export interface CheckedVariables {
  /** What is set, by name; empty ones are left out. */
  values: Readonly<Record<string, string>>;
  /** Names that came from the environment of the command and not from the file. */
  fromEnvironment: readonly string[];
  /** Names in the file that no function of this project reads. */
  foreign: readonly string[];
  /** Whether Toss moves real money with these keys. */
  mode: "test" | "live";
}

/** Everything to correct before anything can be deployed. */
export type VariablesResult =
  | { ok: true; variables: CheckedVariables }
  | { ok: false; problems: readonly string[] };

/** Where the variables come from. */
export interface VariablesSource {
  /** Path of the `.env` file. */
  file: string;
  /** Wins over the file. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Address of the project's API. */
  projectUrl: string;
}

// The platform gives every function its keys; here they only have to be there.
const PLATFORM_KEY = JSON.stringify({ default: "set by the platform" });

function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname.endsWith(".localhost") ||
    hostname === "[::1]" || hostname.startsWith("127.");
}

/** What is sound on this machine and cannot work, or must not run, on a hosted project. */
function hostedProblems(variables: SoundVariables): ConfigProblem[] {
  const { CRON_SECRET, TOSS_API_BASE_URL, TOSS_SECRET_KEY, APP_URL } =
    variables;
  const problems: ConfigProblem[] = [];
  // pg_net would send other characters as bytes that nobody reads back as the same text.
  if (CRON_SECRET !== undefined && !/^[\x21-\x7e]+$/.test(CRON_SECRET)) {
    problems.push({
      variable: "CRON_SECRET",
      problem: "travels in a header: printable ASCII without spaces only",
    });
  }
  if (TOSS_API_BASE_URL !== undefined && isThisMachine(TOSS_API_BASE_URL)) {
    problems.push({
      variable: "TOSS_API_BASE_URL",
      problem: "points to this machine, which a hosted function cannot reach",
    });
  }
  const isLive = TOSS_SECRET_KEY !== undefined &&
    keyMode(TOSS_SECRET_KEY[0]) === "live";
  if (isLive && APP_URL !== undefined && !APP_URL.startsWith("https://")) {
    problems.push({
      variable: "APP_URL",
      problem: "must use https:// with live keys",
    });
  }
  return problems;
}

// `secrets set` reads a file of NAME='value' lines, and has no way to write these.
function unwritableProblems(values: Record<string, string>): ConfigProblem[] {
  return Object.entries(values)
    .filter(([, value]) =>
      /[\r\n]/.test(value) || (value.includes("'") && value.includes("`"))
    )
    .map(([variable]) => ({
      variable,
      problem: "must not hold a line break, or both ' and `",
    }));
}

function collect({ file, environment }: {
  file: Record<string, string>;
  environment: VariablesSource["environment"];
}) {
  const values: Record<string, string> = {};
  const fromEnvironment: string[] = [];
  const given = givenValues(environment);
  const written = givenValues(file);
  for (const name of PROJECT_VARIABLES) {
    const value = given[name] ?? written[name];
    if (value === undefined) continue;
    values[name] = value;
    if (given[name] !== undefined && given[name] !== written[name]) {
      fromEnvironment.push(name);
    }
  }
  const known = new Set<string>(PROJECT_VARIABLES);
  const foreign = Object.keys(file).filter((name) => !known.has(name));
  return { values, fromEnvironment, foreign };
}

/** Reads the functions' variables and checks them as the functions will, and for what only a hosted project forbids. */
export async function readVariables(
  { file, environment, projectUrl }: VariablesSource,
): Promise<VariablesResult> {
  const read = collect({ file: await readDotEnv(file), environment });
  const asDeployed = {
    ...read.values,
    SUPABASE_URL: projectUrl,
    SUPABASE_PUBLISHABLE_KEYS: PLATFORM_KEY,
    SUPABASE_SECRET_KEYS: PLATFORM_KEY,
  };
  const loaded = loadConfig(asDeployed);
  const problems = [
    ...(loaded.ok ? [] : loaded.problems),
    ...hostedProblems(readEnvironment(asDeployed).sound),
    ...unwritableProblems(read.values),
  ];
  if (!loaded.ok || problems.length > 0) {
    return {
      ok: false,
      problems: problems.map(({ variable, problem }) =>
        `${variable} ${problem}`
      ),
    };
  }
  const { mode } = loaded.config.toss;
  return { ok: true, variables: { ...read, mode } };
}
