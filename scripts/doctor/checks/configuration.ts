import { describeAnswer } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked } from "../finding.ts";
import { checkApiVersion } from "./api-version.ts";
import { checkEncryptionKeys } from "./encryption.ts";
import { checkOtherPairs, checkTossKeys } from "./toss-keys.ts";
import {
  checkOf,
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
  ...await checkOtherPairs(context),
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
