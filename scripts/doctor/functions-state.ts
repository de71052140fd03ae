import { z } from "zod";
import {
  type ConfigurationReport,
  configurationReport,
} from "../../supabase/functions/health/handler.ts";
import type { ConfigProblem } from "../../supabase/functions/_shared/config/config.ts";
import type { Answer, Ask } from "./ask.ts";
import type { DoctorTarget } from "./target.ts";

const notConfigured = z.object({
  code: z.literal("not_configured"),
  details: z.array(z.object({ field: z.string(), problem: z.string() })),
});

const report = z.object({ configuration: configurationReport });

/** What the functions say about themselves through `health`. */
export interface FunctionsState {
  /** To a caller without a credential. */
  health: Answer;
  /** To the secret key. */
  healthForSecretKey: Answer;
  /** Empty when all is well; null when `health` did not tell. */
  problems: readonly ConfigProblem[] | null;
  /** Null when the functions do not take the secret key, or have no database. */
  configuration: ConfigurationReport | null;
}

/** The address of a function. */
export function functionAddress(target: DoctorTarget, name: string): string {
  return `${target.url}/functions/v1/${name}`;
}

function problemsOf(health: Answer): ConfigProblem[] | null {
  if (health.outcome === "unreachable" || !health.isOurs) return null;
  if (health.status === 200) return [];
  const parsed = notConfigured.safeParse(health.body);
  return parsed.success
    ? parsed.data.details.map(({ field, problem }) => ({
      variable: field,
      problem,
    }))
    : null;
}

/** Asks `health` as anyone and with the secret key. */
export async function readFunctionsState(
  ask: Ask,
  target: DoctorTarget,
): Promise<FunctionsState> {
  const url = functionAddress(target, "health");
  const [health, healthForSecretKey] = await Promise.all([
    ask({ url }),
    ask({ url, headers: { apikey: target.secretKey } }),
  ]);
  const parsed = report.safeParse(
    healthForSecretKey.outcome === "answered" ? healthForSecretKey.body : null,
  );
  return {
    health,
    healthForSecretKey,
    problems: problemsOf(health),
    configuration: parsed.success ? parsed.data.configuration : null,
  };
}
