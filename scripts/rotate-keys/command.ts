import { defineCommand, later } from "../door/command.ts";
import { type Values, wholeNumber, withDefault } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  batch: withDefault(
    wholeNumber("values in one transaction", { from: 1, to: 500 }),
    100,
  ),
};

/** What rotate-keys is given. */
export type Options = Values<typeof OPTIONS>;

export const rotateKeys = defineCommand({
  call: "toss rotate-keys",
  summary: "Encrypt stored billing keys anew with the active key",
  about:
    "Webhook bodies too. The active key is the first of BILLING_KEY_ENCRYPTION_KEYS. The functions go on working meanwhile.",
  options: OPTIONS,
  environment: {
    BILLING_KEY_ENCRYPTION_KEYS:
      'the new key and the old one: {"new":"…","old":"…"}',
  },
  notes:
    `1. Put the new key first and set that for the functions: supabase secrets set …
2. Run this with the same variable.
3. When it says that nothing is left, take the old key out.
Safe to stop and to repeat. ${WHICH_PROJECT}`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
