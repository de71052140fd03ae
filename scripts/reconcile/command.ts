import { defineCommand, later } from "../door/command.ts";
import { day, flag, type Values } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  from: day("first day, in Seoul; default: three days with the last one"),
  to: day("last day, included; default: today"),
  import: flag(
    "import the shop's history before this project; default: the year up to its first payment",
  ),
  json: flag("print the result as JSON"),
};

/** What reconcile is given. */
export type Options = Values<typeof OPTIONS>;

export const reconcile = defineCommand({
  call: "toss reconcile",
  summary: "Compare Toss's list of transactions with the database",
  about:
    "What Toss's answer can heal is healed. Exit code 1 while a difference is open, also one of an earlier run. " +
    "Without days, those that the daily job missed are compared as well. A run that was cut is gone on with. " +
    "Settlements of the same days are read as well.",
  examples: [
    "",
    "--from 2026-11-01 --to 2026-11-30",
    "--json",
    "--import --from 2024-01-01",
  ],
  options: OPTIONS,
  notes: WHICH_PROJECT,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
