import { type Answer, describeAnswer, field } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { checkApiVersion } from "./api-version.ts";
import { checkEncryptionKeys } from "./encryption.ts";
import {
  checkOf,
  configurationObstacle,
  describeProblems,
  loadGivenVariables,
  namesOf,
  setVariables,
  type VariableCheck,
} from "../variables.ts";

/** The functions' variables are set, fit together, and are those the operator means. */
export const checkConfiguration: Check = async (context) => [
  faultOf(context, "variables") ?? judgeVariables(context),
  faultOf(context, "toss_keys") ?? await checkTossKeys(context),
  checkApiVersion(context),
  faultOf(context, "encryption_keys") ?? await checkEncryptionKeys(context),
];

/** What keeps the functions, or the operator's file, from making a configuration; null when nothing does. */
export function faultOf(
  { target, functions }: Context,
  check: VariableCheck,
): Finding | null {
  const deployed = (functions.problems ?? [])
    .filter(({ variable }) => checkOf(variable) === check);
  if (deployed.length > 0) {
    return fail(
      check,
      describeProblems(deployed),
      setVariables(target, namesOf(deployed)),
    );
  }
  const given = loadGivenVariables(target);
  const meant = given === null || given.ok ? [] : given.problems
    .filter(({ variable }) => checkOf(variable) === check);
  return meant.length === 0 ? null : fail(
    check,
    `in the given file ${describeProblems(meant)}`,
    setVariables(target, namesOf(meant)),
  );
}

function judgeVariables({ functions }: Context): Finding {
  const check = "variables";
  if (functions.problems !== null) {
    return ok(check, "the functions have what they need");
  }
  const { health } = functions;
  return health.outcome === "answered" && health.isOurs
    ? fail(
      check,
      `health answers ${describeAnswer(health)}`,
      "Read its log (Supabase dashboard → Edge Functions → health → Logs).",
    )
    : unchecked(check, "function:health");
}

async function checkTossKeys(context: Context): Promise<Finding> {
  const check = "toss_keys";
  const { target, functions: { configuration } } = context;
  const given = loadGivenVariables(target);
  const meant = given?.ok ? given.config.toss : null;
  if (configuration !== null && meant !== null) {
    if (configuration.tossMode !== meant.mode) {
      return fail(
        check,
        `the functions run with ${configuration.tossMode} keys, the given file holds ${meant.mode} keys`,
        setVariables(target, "TOSS_SECRET_KEY, TOSS_CLIENT_KEY"),
      );
    }
  }
  if (meant !== null) {
    const refusal = await refusalOfToss(context, meant);
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

/** Asks Toss for an order that cannot be: who is not allowed to ask hears that first. */
async function refusalOfToss(
  { ask, target }: Context,
  toss: { pairs: { main: { secretKey: string } }; apiBaseUrl: string },
): Promise<Finding | null> {
  const check = "toss_keys";
  const answer = await ask({
    url: `${toss.apiBaseUrl}/v1/payments/orders/doctor-${crypto.randomUUID()}`,
    headers: {
      authorization: `Basic ${btoa(`${toss.pairs.main.secretKey}:`)}`,
    },
  });
  if (isRefusedKey(answer)) {
    return fail(
      check,
      `Toss does not take TOSS_SECRET_KEY: ${describeAnswer(answer)}`,
      `Copy the pair again from Toss's developer centre (API 키). ${
        setVariables(target, "TOSS_SECRET_KEY, TOSS_CLIENT_KEY")
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
