import {
  type ConfigProblem,
  loadConfig,
} from "../../supabase/functions/_shared/config/config.ts";
import type { Context } from "./context.ts";
import { type DoctorTarget, isLocal } from "./target.ts";

/** The checks that judge variables of the functions. */
export type VariableCheck =
  | "toss_keys"
  | "encryption_keys"
  | "cron_secret"
  | "variables";

const CHECK_OF_VARIABLE: Readonly<Record<string, VariableCheck>> = {
  TOSS_SECRET_KEY: "toss_keys",
  TOSS_CLIENT_KEY: "toss_keys",
  TOSS_WIDGET_SECRET_KEY: "toss_keys",
  TOSS_WIDGET_CLIENT_KEY: "toss_keys",
  TOSS_BILLING_SECRET_KEY: "toss_keys",
  TOSS_BILLING_CLIENT_KEY: "toss_keys",
  BILLING_KEY_ENCRYPTION_KEYS: "encryption_keys",
  CRON_SECRET: "cron_secret",
};

/** The check that a variable belongs to. */
export function checkOf(variable: string): VariableCheck {
  return CHECK_OF_VARIABLE[variable] ?? "variables";
}

/** The check that names why the functions cannot work; null when they can, or nobody knows. */
export function configurationFault(
  { functions }: Pick<Context, "functions">,
): VariableCheck | null {
  const [problem] = functions.problems ?? [];
  return problem === undefined ? null : checkOf(problem.variable);
}

/** The check to mend before the functions tell how they are configured. */
export function configurationObstacle(
  { functions, database }: Pick<Context, "functions" | "database">,
): string {
  const { health, healthForSecretKey } = functions;
  if (health.outcome === "unreachable" || !health.isOurs) {
    return "function:health";
  }
  const [problem] = functions.problems ?? [];
  if (problem !== undefined) return checkOf(problem.variable);
  if (healthForSecretKey.outcome === "answered") {
    if (healthForSecretKey.status < 500) return "secret_key";
  }
  return database.outcome === "unknown" ? database.problem.check : "data_api";
}

/** The configuration that the operator's variables would make. */
export function loadGivenVariables(target: DoctorTarget) {
  if (target.variables === null) return null;
  return loadConfig({
    ...target.variables,
    // The platform sets these itself, whatever a file says.
    SUPABASE_URL: target.url,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: target.secretKey }),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
      default: target.publishableKey ?? target.secretKey,
    }),
  });
}

/** One sentence for several problems; it never holds a value. */
export function describeProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(({ variable, problem }) => `${variable} ${problem}`)
    .join("; ");
}

/** The variables of some problems, each once. */
export function namesOf(problems: readonly ConfigProblem[]): string {
  return [...new Set(problems.map(({ variable }) => variable))].join(", ");
}

/** How an operator changes variables of the functions. */
export function setVariables(target: DoctorTarget, names: string): string {
  return isLocal(target)
    ? `Correct ${names} in .env (meaning: .env.example) and start the stack again.`
    : `Correct ${names} (meaning: .env.example), then: npx supabase secrets set --env-file .env`;
}
