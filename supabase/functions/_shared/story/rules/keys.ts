import {
  alertOf,
  lookAgain,
  onlyAPerson,
  openOperations,
  type Rule,
} from "../facts.ts";

/** Nothing that was made with a pair can be asked about without it. */
export const keysAreGone: Rule = (facts) => {
  const isChanged = alertOf(facts, "toss_keys_changed") !== undefined;
  const isGone = isChanged ||
    alertOf(facts, "toss_keys_missing") !== undefined ||
    facts.looks.some((look) =>
      look.kind === "unknown" && /^(TOSS_)?KEYS_/.test(look.why)
    );
  if (!isGone) return null;
  return onlyAPerson(
    "put back the pair of Toss's keys that made this payment " +
      "(docs/key-pairs.md); what waits then goes on by itself.",
    lookAgain(facts),
  );
};

const OUR_KEYS = new Set(["UNAUTHORIZED_KEY", "INVALID_API_KEY"]);

/** Toss refuses our keys. */
export const keysAreWrong: Rule = (facts) => {
  const codes = [
    ...openOperations(facts).map(({ errorCode }) => errorCode ?? ""),
    ...facts.looks.map((look) => look.kind === "unknown" ? look.why : ""),
  ];
  const code = codes.find((each) => OUR_KEYS.has(each));
  if (code === undefined) return null;
  return onlyAPerson(
    `Toss refuses the keys (${code}): mend TOSS_SECRET_KEY and TOSS_CLIENT_KEY.`,
    lookAgain(facts),
  );
};

/** What an operation needs was encrypted with a key that is gone. */
export const encryptionIsGone: Rule = (facts) => {
  const operation = openOperations(facts).find(({ errorCode }) =>
    errorCode === "ENCRYPTION_KEY_MISSING" ||
    errorCode === "REFUND_ACCOUNT_UNREADABLE"
  );
  if (operation === undefined) return null;
  return onlyAPerson(
    "put the key that encrypted this back into BILLING_KEY_ENCRYPTION_KEYS.",
    lookAgain(facts),
  );
};
