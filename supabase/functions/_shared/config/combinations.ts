import {
  checkKeyPairs,
  KEY_VARIABLES,
  type KeyPairs,
  TOSS_KEYS,
} from "../toss/key-pairs.ts";
import { keyMode } from "../toss/keys.ts";
import {
  type Environment,
  SIGNATURE_KEY_VARIABLES,
  type SoundVariables,
} from "./environment.ts";
import { noticeProblems } from "./notice-config.ts";
import type { ConfigProblem } from "./read-environment.ts";

/**
 * Finds variables that are sound alone and wrong together: keys of different
 * pairs, a live key for a local simulator, Toss over plain HTTP, missing
 * Supabase keys, events to private networks with live keys, signature schemes without a key, one text as two keys. A rule whose variables are
 * not all there says nothing.
 */
export function combinationProblems(
  environment: SoundVariables,
): ConfigProblem[] {
  return [
    ...keyPairProblems(environment),
    ...baseUrlProblems(environment),
    ...supabaseKeyProblems(environment),
    ...signatureProblems(environment),
    ...repeatedSecretProblems(environment),
    ...noticeProblems(environment),
    ...privateAddressProblems(environment),
  ];
}

function keyPairProblems(environment: SoundVariables): ConfigProblem[] {
  const { TOSS_SECRET_KEY, TOSS_CLIENT_KEY } = environment;
  return checkKeyPairs({
    main: {
      secretKey: TOSS_SECRET_KEY?.[0] ?? null,
      clientKey: TOSS_CLIENT_KEY ?? null,
    },
    widget: {
      secretKey: environment.TOSS_WIDGET_SECRET_KEY?.[0] ?? null,
      clientKey: environment.TOSS_WIDGET_CLIENT_KEY ?? null,
    },
    billing: {
      secretKey: environment.TOSS_BILLING_SECRET_KEY?.[0] ?? null,
      clientKey: environment.TOSS_BILLING_CLIENT_KEY ?? null,
    },
  });
}

/** The pairs of a sound environment; of each secret key the newest. */
export function keyPairs(environment: Environment): KeyPairs {
  return {
    main: {
      secretKey: environment.TOSS_SECRET_KEY[0],
      clientKey: environment.TOSS_CLIENT_KEY,
    },
    widget: keyPair(
      environment.TOSS_WIDGET_SECRET_KEY,
      environment.TOSS_WIDGET_CLIENT_KEY,
    ),
    billing: keyPair(
      environment.TOSS_BILLING_SECRET_KEY,
      environment.TOSS_BILLING_CLIENT_KEY,
    ),
  };
}

function keyPair(
  [secretKey]: readonly string[] = [],
  clientKey: string | undefined,
) {
  return secretKey === undefined || clientKey === undefined
    ? null
    : { secretKey, clientKey };
}

/** The secret keys of all pairs, those that are being replaced included. */
export function tossSecretKeys(environment: Environment): string[] {
  return unique(
    TOSS_KEYS.flatMap((keys) =>
      environment[KEY_VARIABLES[keys].secretKey] ?? []
    ),
  );
}

function signatureProblems(environment: SoundVariables): ConfigProblem[] {
  const {
    WEBHOOK_SIGNATURE_SCHEMES: schemes,
    WEBHOOK_REQUIRE_SIGNATURE: isRequired,
  } = environment;
  if (schemes === undefined || isRequired === undefined) return [];
  // Alone it is the default, which asks nobody for a key: payout and seller
  // events then count as unproven.
  const isDefault = schemes.every((scheme) => scheme === "toss-v1") &&
    !isRequired;
  if (isDefault) return [];
  return schemes
    .filter((scheme) =>
      environment[SIGNATURE_KEY_VARIABLES[scheme]]?.length === 0
    )
    .map((scheme) => ({
      variable: SIGNATURE_KEY_VARIABLES[scheme],
      problem: `is not set, and WEBHOOK_SIGNATURE_SCHEMES names ${scheme}`,
    }));
}

function baseUrlProblems(environment: SoundVariables): ConfigProblem[] {
  const variables = [
    "TOSS_API_BASE_URL",
    "RESEND_API_BASE_URL",
    "SOLAPI_API_BASE_URL",
  ] as const;
  return variables.flatMap((variable) => {
    const problem = baseUrlProblem(environment[variable], environment);
    return problem === null ? [] : [{ variable, problem }];
  });
}

function baseUrlProblem(
  text: string | undefined,
  { TOSS_SECRET_KEY }: SoundVariables,
): string | null {
  if (text === undefined) return null;
  const url = new URL(text);
  if (isLoopback(url.hostname)) {
    const isLive = TOSS_SECRET_KEY !== undefined &&
      keyMode(TOSS_SECRET_KEY[0]) === "live";
    return isLive
      ? "points to this machine, where only test keys may go"
      : null;
  }
  return url.protocol === "https:"
    ? null
    : "must use https:// (http:// only for this machine)";
}

function privateAddressProblems(environment: SoundVariables): ConfigProblem[] {
  const { WEBHOOK_ALLOW_PRIVATE: isAllowed, TOSS_SECRET_KEY } = environment;
  if (!isAllowed || TOSS_SECRET_KEY === undefined) return [];
  if (keyMode(TOSS_SECRET_KEY[0]) === "test") return [];
  return [{
    variable: "WEBHOOK_ALLOW_PRIVATE",
    problem: "is on, which only test keys allow",
  }];
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") ||
    hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function supabaseKeyProblems(environment: SoundVariables): ConfigProblem[] {
  const {
    SUPABASE_SECRET_KEYS: secret,
    SUPABASE_PUBLISHABLE_KEYS: publishable,
    ...legacy
  } = environment;
  const problems: ConfigProblem[] = [];
  const problem = "holds no key; Supabase sets it for every function";
  if (secret?.length === 0 && legacy.SUPABASE_SERVICE_ROLE_KEY === undefined) {
    problems.push({ variable: "SUPABASE_SECRET_KEYS", problem });
  }
  if (publishable?.length === 0 && legacy.SUPABASE_ANON_KEY === undefined) {
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

// What opens one door must open no other, and what pages carry must open none. The platform makes up its own keys, which
// are compared with ours and not with each other.
const PLATFORM_KEYS = [
  "SUPABASE_SECRET_KEYS",
  "SUPABASE_PUBLISHABLE_KEYS",
  "SUPABASE_SERVICE_ROLE_KEY",
  "SUPABASE_ANON_KEY",
] as const;
const OWN_KEYS = [
  "TOSS_CLIENT_KEY",
  "TOSS_SECRET_KEY",
  "TOSS_WIDGET_CLIENT_KEY",
  "TOSS_WIDGET_SECRET_KEY",
  "TOSS_BILLING_CLIENT_KEY",
  "TOSS_BILLING_SECRET_KEY",
  "TOSS_SECURITY_KEY",
  "TOSS_WEBHOOK_SECRET",
  "CRON_SECRET",
  "WEBHOOK_URL_TOKEN",
  "BILLING_KEY_ENCRYPTION_KEYS",
  "RESEND_API_KEY",
  "SOLAPI_API_SECRET",
] as const;

/** One pair may serve for two purposes. */
function areOneKey(one: string, other: string): boolean {
  const side = (variable: string) =>
    /^TOSS_(?:WIDGET_|BILLING_)?(SECRET|CLIENT)_KEY$/.exec(variable)?.[1];
  return one !== other && side(one) !== undefined && side(one) === side(other);
}

function repeatedSecretProblems(environment: SoundVariables): ConfigProblem[] {
  const textsOf = (variable: keyof SoundVariables): string[] => {
    const value = environment[variable];
    if (value === undefined) return [];
    if (variable === "BILLING_KEY_ENCRYPTION_KEYS") {
      // Two ids of one key are its own variable's fault.
      return [...new Set(Object.values(JSON.parse(String(value))))].map(String);
    }
    return Array.isArray(value) ? value.map(String) : [String(value)];
  };
  const holders = new Map<string, string>();
  for (const variable of PLATFORM_KEYS) {
    for (const text of textsOf(variable)) holders.set(text, variable);
  }
  const problems: ConfigProblem[] = [];
  for (const variable of OWN_KEYS) {
    for (const text of textsOf(variable)) {
      const holder = holders.get(text);
      if (holder !== undefined && !areOneKey(holder, variable)) {
        const problem = holder === variable
          ? "holds one key twice"
          : `holds the same text as ${holder}; each key needs its own`;
        problems.push({ variable, problem });
      }
      holders.set(text, variable);
    }
  }
  return problems;
}
