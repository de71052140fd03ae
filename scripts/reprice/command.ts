import { defineCommand, later } from "../door/command.ts";
import {
  argument,
  day,
  flag,
  text,
  type Values,
  wholeNumber,
} from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  planId: argument(text("<planId>", "the plan")),
  amount: wholeNumber("its new price of a period, in won", { from: 100 }),
  from: day("from that day on, in Seoul; default: 30 days from today"),
  dryRun: flag("show whom it means and when, and write nothing"),
  yes: flag("do not ask in the terminal before it is written"),
  json: flag("print the result as JSON"),
};

/** What reprice is given. */
export type Options = Values<typeof OPTIONS>;

export const reprice = defineCommand({
  call: "toss reprice",
  summary: "Raise or lower a plan's price, also for those who subscribe",
  about:
    "Shows first who would pay what from when on. Then the price is planned: who has to consent is asked when the window " +
    "opens, 30 days before the first charge at the new price, and pays it with a yes only; new subscribers pay it from " +
    "that day on. A terminal is asked before; a program is not. Cut, it is gone on with by the same call.",
  examples: [
    "pro --amount 12900 --dry-run",
    "pro --amount 12900 --from 2027-03-01",
  ],
  options: OPTIONS,
  notes: WHICH_PROJECT,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
