import { checkKeyPair, keyMode } from "../toss/keys.ts";
import { type Environment, SIGNATURE_KEY_VARIABLES } from "./environment.ts";

/** One thing to correct before anything can run; it never holds a value. */
export type ConfigProblem = {
  readonly variable: string;
  readonly problem: string;
};

/**
 * Finds variables that are sound alone and wrong together: keys of different
 * pairs, a live key for a local simulator, Toss over plain HTTP, missing
 * Supabase keys, signature schemes without a key.
 */
export function combinationProblems(
  environment: Environment,
): ConfigProblem[] {
  return [
    ...checkKeyPair({
      secretKey: environment.TOSS_SECRET_KEY[0],
      clientKey: environment.TOSS_CLIENT_KEY,
    }),
    ...baseUrlProblems(environment),
    ...supabaseKeyProblems(environment),
    ...signatureProblems(environment),
  ];
}

function signatureProblems(environment: Environment): ConfigProblem[] {
  const schemes = environment.WEBHOOK_SIGNATURE_SCHEMES;
  // Alone it is the default, which asks nobody for a key: payout and seller
  // events then count as unproven.
  const isDefault = schemes.every((scheme) => scheme === "toss-v1") &&
    !environment.WEBHOOK_REQUIRE_SIGNATURE;
  if (isDefault) return [];
  return schemes
    .filter((scheme) => environment[SIGNATURE_KEY_VARIABLES[scheme]].length < 1)
    .map((scheme) => ({
      variable: SIGNATURE_KEY_VARIABLES[scheme],
      problem: `is not set, and WEBHOOK_SIGNATURE_SCHEMES names ${scheme}`,
    }));
}

function baseUrlProblems(environment: Environment): ConfigProblem[] {
  const variable = "TOSS_API_BASE_URL";
  const url = new URL(environment.TOSS_API_BASE_URL);
  const isLive = keyMode(environment.TOSS_SECRET_KEY[0]) === "live";
  if (isLoopback(url.hostname)) {
    if (!isLive) return [];
    const problem = "points to this machine, where only test keys may go";
    return [{ variable, problem }];
  }
  if (url.protocol === "https:") return [];
  const problem = "must use https:// (http:// only for this machine)";
  return [{ variable, problem }];
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") ||
    hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function supabaseKeyProblems(environment: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const problem = "holds no key; Supabase sets it for every function";
  if (secretKeys(environment).length === 0) {
    problems.push({ variable: "SUPABASE_SECRET_KEYS", problem });
  }
  if (publishableKeys(environment).length === 0) {
    problems.push({ variable: "SUPABASE_PUBLISHABLE_KEYS", problem });
  }
  return problems;
}

/** All keys that open everything, the legacy service role key last. */
export function secretKeys(environment: Environment): string[] {
  const { SUPABASE_SECRET_KEYS, SUPABASE_SERVICE_ROLE_KEY } = environment;
  return unique([...SUPABASE_SECRET_KEYS, SUPABASE_SERVICE_ROLE_KEY]);
}

/** All keys that browsers may hold, the legacy anon key last. */
export function publishableKeys(environment: Environment): string[] {
  const { SUPABASE_PUBLISHABLE_KEYS, SUPABASE_ANON_KEY } = environment;
  return unique([...SUPABASE_PUBLISHABLE_KEYS, SUPABASE_ANON_KEY]);
}

function unique(keys: (string | undefined)[]): string[] {
  return [...new Set(keys.filter((key) => key !== undefined))];
}
