import { KEY_VARIABLES } from "../../../supabase/functions/_shared/toss/key-pairs.ts";
import { type Answer, describeAnswer, field } from "../ask.ts";
import type { Context } from "../context.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import {
  configurationObstacle,
  loadGivenVariables,
  setVariables,
} from "../variables.ts";

type Keys = keyof typeof KEY_VARIABLES;

/** The pairs beside the main one. */
const OTHER_PAIRS = ["widget", "billing"] as const;

function namesOf(keys: Keys): string {
  const { secretKey, clientKey } = KEY_VARIABLES[keys];
  return `${secretKey}, ${clientKey}`;
}

/** The main pair: its mode, its family, and whether Toss takes it. */
export async function checkTossKeys(context: Context): Promise<Finding> {
  const check = "toss_keys";
  const { target, functions: { configuration } } = context;
  const given = loadGivenVariables(target);
  const meant = given?.ok ? given.config.toss : null;
  if (configuration !== null && meant !== null) {
    if (configuration.tossMode !== meant.mode) {
      return fail(
        check,
        `the functions run with ${configuration.tossMode} keys, the given file holds ${meant.mode} keys`,
        setVariables(target, namesOf("main")),
      );
    }
  }
  if (meant !== null) {
    const refusal = await refusalOfToss(context, {
      check,
      keys: "main",
      secretKey: meant.pairs.main.secretKey,
      apiBaseUrl: meant.apiBaseUrl,
    });
    if (refusal !== null) return refusal;
  }
  if (configuration === null) {
    return meant === null
      ? unchecked(check, configurationObstacle(context))
      : ok(check, "the given file holds a sound pair");
  }
  const { tossMode, tossKeyFamily } = configuration;
  const effect = tossMode === "live" ? "real money moves" : "no money moves";
  return ok(
    check,
    `a sound pair of ${tossMode} ${tossKeyFamily} keys: ${effect}`,
  );
}

/** The pairs beside it: those that are set, and those that something open needs. */
export async function checkOtherPairs(context: Context): Promise<Finding[]> {
  const findings = await Promise.all(
    OTHER_PAIRS.map((keys) => checkPair(context, keys)),
  );
  return findings.filter((finding) => finding !== null);
}

async function checkPair(
  context: Context,
  keys: typeof OTHER_PAIRS[number],
): Promise<Finding | null> {
  const { target, functions: { configuration } } = context;
  const check = `toss_keys:${keys}`;
  const action = setVariables(target, namesOf(keys));
  const given = loadGivenVariables(target);
  const meant = given?.ok ? given.config.toss : null;
  const pair = meant?.pairs[keys] ?? null;
  if (configuration !== null) {
    const { tossPairs, tossKeysMissing } = configuration;
    const isDeployed = tossPairs.some((each) => each.keys === keys);
    if (tossKeysMissing.includes(keys)) {
      return fail(
        check,
        "open orders or cards were made with it, and the functions do not have it",
        action,
      );
    }
    if (meant !== null && isDeployed !== (pair !== null)) {
      const [has, lacks] = isDeployed
        ? ["the functions run with it", "the given file does not have it"]
        : ["the given file has it", "the functions do not"];
      return fail(check, `${has}, ${lacks}`, action);
    }
    if (!isDeployed) return null;
  }
  if (pair === null || meant === null) {
    return configuration === null
      ? null
      : ok(check, `a sound pair of ${configuration.tossMode} keys`);
  }
  return await refusalOfToss(context, {
    check,
    keys,
    secretKey: pair.secretKey,
    apiBaseUrl: meant.apiBaseUrl,
  }) ?? ok(check, `a sound pair of ${meant.mode} keys`);
}

/** Asks Toss for an order that cannot be: who is not allowed to ask hears that first. */
async function refusalOfToss(
  { ask, target }: Context,
  { check, keys, secretKey, apiBaseUrl }: {
    check: string;
    keys: Keys;
    secretKey: string;
    apiBaseUrl: string;
  },
): Promise<Finding | null> {
  const answer = await ask({
    url: `${apiBaseUrl}/v1/payments/orders/doctor-${crypto.randomUUID()}`,
    headers: {
      authorization: `Basic ${btoa(`${secretKey}:`)}`,
    },
  });
  if (isRefusedKey(answer)) {
    return fail(
      check,
      `Toss does not take ${KEY_VARIABLES[keys].secretKey}: ${
        describeAnswer(answer)
      }`,
      `Copy the pair again from Toss's developer centre (API 키). ${
        setVariables(target, namesOf(keys))
      }`,
    );
  }
  return field(bodyOf(answer), "code") === "NOT_FOUND_PAYMENT" ? null : warn(
    check,
    `a sound pair, but Toss could not be asked about it: ${
      describeAnswer(answer)
    }`,
    "Run doctor again from a network that reaches Toss.",
  );
}

function bodyOf(answer: Answer): unknown {
  return answer.outcome === "answered" ? answer.body : null;
}

/** Toss: 401 UNAUTHORIZED_KEY for an unknown key, 400 INVALID_API_KEY for a mixed pair, 403 for one without rights. */
function isRefusedKey(answer: Answer): boolean {
  return answer.outcome === "answered" &&
    (answer.status === 401 || answer.status === 403 ||
      field(answer.body, "code") === "INVALID_API_KEY");
}
