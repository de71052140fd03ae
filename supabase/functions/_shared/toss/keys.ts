/** What the prefix of a Toss key says about it. */
export type TossKeyKind = {
  readonly mode: "test" | "live";
  /** `api` = ck/sk ("API 개별 연동 키"), `widget` = gck/gsk. */
  readonly family: "api" | "widget";
  readonly side: "client" | "secret";
};

/** One thing wrong with a configured key, named by its variable. */
export type KeyProblem = {
  readonly variable: string;
  readonly problem: string;
};

/** Where the two keys of a pair stand. */
export type PairVariables = {
  readonly secretKey: string;
  readonly clientKey: string;
};

// Printable ASCII without a colon: a colon would end the user name of Basic
// authentication, and a byte order mark or a space makes Toss refuse the key.
const KEY = /^(test|live)_(g?)(ck|sk)_[\x21-\x39\x3b-\x7e]+$/;

/** Reads a key's prefix; null when the text is not a Toss key. */
export function parseTossKey(key: string): TossKeyKind | null {
  const match = KEY.exec(key);
  if (match === null) return null;
  return {
    mode: match[1] === "test" ? "test" : "live",
    family: match[2] === "g" ? "widget" : "api",
    side: match[3] === "ck" ? "client" : "secret",
  };
}

/**
 * Says whether a secret key moves real money. Anything that is not clearly a
 * test key counts as live, so that what is meant for tests stays shut.
 */
export function keyMode(secretKey: string): "test" | "live" {
  return parseTossKey(secretKey)?.mode === "test" ? "test" : "live";
}

/**
 * Checks that two keys can work together and that each stands in its place.
 *
 * Toss issues keys in pairs: both test or both live, both of the same family
 * ("API 키"); a mixed pair fails only when a buyer is already paying. The
 * problems never contain a key.
 *
 * @param keys null = is missing, which somebody else reports.
 * @param variables the names under which the problems are told.
 * @returns everything that is wrong, an empty array when the pair is sound.
 */
export function checkKeyPair(
  keys: { secretKey: string | null; clientKey: string | null },
  variables: PairVariables,
): KeyProblem[] {
  const secret = parseTossKey(keys.secretKey ?? "");
  const client = parseTossKey(keys.clientKey ?? "");
  const problems = [
    ...keys.secretKey === null
      ? []
      : placeProblems(variables.secretKey, secret, "secret"),
    ...keys.clientKey === null
      ? []
      : placeProblems(variables.clientKey, client, "client"),
  ];
  if (secret === null || client === null) return problems;
  if (secret.mode !== client.mode) {
    problems.push({
      variable: variables.clientKey,
      problem: `is a ${client.mode} key, but ${variables.secretKey} is a ` +
        `${secret.mode} key: both must come from the same pair`,
    });
  }
  if (secret.family !== client.family) {
    problems.push({
      variable: variables.clientKey,
      problem: `belongs to the ${client.family} keys, but ` +
        `${variables.secretKey} to the ${secret.family} keys (ck goes with sk, gck with gsk)`,
    });
  }
  return problems;
}

function placeProblems(
  variable: string,
  kind: TossKeyKind | null,
  side: TossKeyKind["side"],
): KeyProblem[] {
  const prefixes = side === "secret"
    ? "test_sk_, live_sk_, test_gsk_ or live_gsk_"
    : "test_ck_, live_ck_, test_gck_ or live_gck_";
  if (kind === null) {
    const problem = `must be a Toss ${side} key, beginning with ${prefixes}, ` +
      "without spaces or invisible characters";
    return [{ variable, problem }];
  }
  if (kind.side === side) return [];
  const problem = kind.side === "secret"
    ? `holds a secret key, which browsers would see: use one of ${prefixes}`
    : `holds a client key: use one of ${prefixes}`;
  return [{ variable, problem }];
}

/** Toss refuses every request with these until the keys are mended; what was asked for is untouched. */
const KEY_FAULTS = new Set([
  "UNAUTHORIZED_KEY",
  "INVALID_API_KEY",
  "INCORRECT_BASIC_AUTH_FORMAT",
]);

/** Whether Toss refused us rather than what was asked for: our keys are wrong. */
export function isKeyFault(code: string): boolean {
  return KEY_FAULTS.has(code);
}
