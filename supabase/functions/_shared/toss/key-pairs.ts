import { checkKeyPair, type KeyProblem, parseTossKey } from "./keys.ts";

/**
 * The shop's key pairs, as `orders.toss_keys` names them.
 *
 * - `main`: of either family, always there.
 * - `widget`: for orders that are paid in the payment widget.
 * - `billing`: for cards, accounts and their charges.
 */
export const TOSS_KEYS = ["main", "widget", "billing"] as const;

/** Which key pair made, or is to make, something at Toss. */
export type TossKeys = typeof TOSS_KEYS[number];

/** Two keys that Toss has issued together. */
export type KeyPair = {
  readonly secretKey: string;
  readonly clientKey: string;
};

/** What is configured; null = not set. */
export type KeyPairs =
  & { readonly main: KeyPair }
  & Readonly<Record<Exclude<TossKeys, "main">, KeyPair | null>>;

/** The variables of each pair. */
export const KEY_VARIABLES = {
  main: { secretKey: "TOSS_SECRET_KEY", clientKey: "TOSS_CLIENT_KEY" },
  widget: {
    secretKey: "TOSS_WIDGET_SECRET_KEY",
    clientKey: "TOSS_WIDGET_CLIENT_KEY",
  },
  billing: {
    secretKey: "TOSS_BILLING_SECRET_KEY",
    clientKey: "TOSS_BILLING_CLIENT_KEY",
  },
} as const satisfies Readonly<Record<TossKeys, KeyPair>>;

/** Where an order is paid: in the payment widget, or in the payment window. */
export type CheckoutUi = "widget" | "window";

/** A pair that serves, or what is wrong with the variables so that none does. */
export type ChosenKeys =
  | { readonly ok: true; readonly keys: TossKeys; readonly clientKey: string }
  | { readonly ok: false; readonly problems: readonly KeyProblem[] };

/** The family that an optional pair is for; the main one may be of either. */
const FAMILY_OF = { widget: "widget", billing: "api" } as const;

/** The pairs as they stand in the variables; null = a variable is not set. */
export type GivenPairs = Readonly<
  Record<TossKeys, { secretKey: string | null; clientKey: string | null }>
>;

/**
 * Checks each pair by itself, and all of them together: no half a pair, no
 * family that does not fit its purpose, and one mode for all.
 *
 * @param given a malformed or missing main key is null, which somebody else
 * reports.
 */
export function checkKeyPairs(given: GivenPairs): KeyProblem[] {
  return [
    ...checkKeyPair(given.main, KEY_VARIABLES.main),
    ...optionalPairProblems("widget", given),
    ...optionalPairProblems("billing", given),
  ];
}

function optionalPairProblems(
  keys: "widget" | "billing",
  given: GivenPairs,
): KeyProblem[] {
  const pair = given[keys];
  const variables = KEY_VARIABLES[keys];
  if (pair.secretKey === null && pair.clientKey === null) return [];
  const problems = checkKeyPair(pair, variables);
  for (const side of ["secretKey", "clientKey"] as const) {
    const other = side === "secretKey" ? "clientKey" : "secretKey";
    if (pair[side] === null) {
      problems.push({
        variable: variables[side],
        problem: `is not set, and ${variables[other]} is: a pair has both`,
      });
    }
  }
  const kind = parseTossKey(pair.secretKey ?? "");
  if (problems.length > 0 || kind === null) return problems;
  if (kind.family !== FAMILY_OF[keys]) {
    problems.push({
      variable: variables.secretKey,
      problem: keys === "widget"
        ? "belongs to the api keys; the widget takes gsk with gck"
        : "belongs to the widget keys; billing takes sk with ck",
    });
  }
  const main = parseTossKey(given.main.secretKey ?? "");
  if (main !== null && main.mode !== kind.mode) {
    problems.push({
      variable: variables.secretKey,
      problem: `is a ${kind.mode} key, but TOSS_SECRET_KEY is a ` +
        `${main.mode} key: all pairs must be of one mode`,
    });
  }
  return problems;
}

/**
 * The pair that an order is to be paid with.
 *
 * @param ui absent = the widget where there is a pair for it, else the window.
 */
export function keysOfCheckout(
  pairs: KeyPairs,
  ui: CheckoutUi = hasWidget(pairs) ? "widget" : "window",
): ChosenKeys {
  if (ui === "window") return keysOfWindow(pairs);
  if (pairs.widget !== null) return chosen("widget", pairs.widget);
  return familyOf(pairs.main) === "widget"
    ? chosen("main", pairs.main)
    : none("widget", "is not set, and the payment widget needs a widget pair");
}

/** A pair by its name, which may have been taken out of the variables since. */
export function keysOf(pairs: KeyPairs, keys: TossKeys): ChosenKeys {
  const pair = pairs[keys];
  return pair === null
    ? none(keys, "is not set, and the order was opened with it")
    : chosen(keys, pair);
}

/** The pair of payments outside the widget: the window, and virtual accounts. */
export function keysOfWindow({ main }: KeyPairs): ChosenKeys {
  return familyOf(main) === "api" ? chosen("main", main) : none(
    "main",
    "belongs to the widget keys; the payment window and virtual accounts take sk with ck",
  );
}

/** The pair that registers cards and accounts; what is registered stays with its own. */
export function keysOfBilling({ main, billing }: KeyPairs): ChosenKeys {
  if (billing !== null) return chosen("billing", billing);
  return familyOf(main) === "api"
    ? chosen("main", main)
    : none("billing", "is not set, and the main pair is of the widget keys");
}

function hasWidget({ main, widget }: KeyPairs): boolean {
  return widget !== null || familyOf(main) === "widget";
}

/** The family of a pair that is known to be sound. */
export function familyOf({ secretKey }: KeyPair): "api" | "widget" {
  return parseTossKey(secretKey)?.family ?? "api";
}

function chosen(keys: TossKeys, { clientKey }: KeyPair): ChosenKeys {
  return { ok: true, keys, clientKey };
}

function none(keys: TossKeys, problem: string): ChosenKeys {
  const { secretKey, clientKey } = KEY_VARIABLES[keys];
  return {
    ok: false,
    problems: [{ variable: secretKey, problem }, {
      variable: clientKey,
      problem,
    }],
  };
}
