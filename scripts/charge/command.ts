import { defineCommand, later } from "../door/command.ts";
import {
  flag,
  rowId,
  time,
  type Values,
  wholeNumber,
  withDefault,
} from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  dryRun: flag("show it and write nothing"),
  subscription: rowId("only this one", "a subscription's id"),
  limit: withDefault(wholeNumber("at most so many", { from: 1, to: 500 }), 300),
  asOf: time(
    "what is due at that time, charged as well unless it is a dry run; only with Toss test keys",
  ),
};

/** What charge is given. */
export type Options = Values<typeof OPTIONS>;

export const charge = defineCommand({
  call: "toss charge",
  summary: "Charge due subscriptions, or show who would be charged what",
  examples: [
    "--dry-run",
    "--dry-run --as-of 2027-01-01T00:00:00+09:00",
    "--subscription <id>",
    "",
  ],
  options: OPTIONS,
  notes: WHICH_PROJECT,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
