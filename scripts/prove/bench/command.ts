import { defineCommand, later } from "../../door/command.ts";
import {
  flag,
  oneOf,
  text,
  type Values,
  wholeNumber,
  withDefault,
} from "../../door/options.ts";

/** The parts of the benchmark, in the order in which they run. */
export const PARTS = [
  "database",
  "calls",
  "storage",
  "charges",
  "process",
  "stack",
  "start",
  "growth",
] as const;

const OPTIONS = {
  only: oneOf("<part>", PARTS, `${PARTS.join(", ")}; else all`),
  quick: flag("database, calls and storage alone, in under a minute"),
  count: withDefault(wholeNumber("calls of each kind", { from: 1 }), 300),
  senders: withDefault(
    wholeNumber("calls at the same time, where not one", { from: 1 }),
    16,
  ),
  rounds: withDefault(wholeNumber("rounds that count", { from: 1 }), 5),
  orders: withDefault(
    wholeNumber("orders that the growth ends with", { from: 1000 }),
    1_000_000,
  ),
  json: text("<path>", "write the figures as JSON"),
};

/** What the benchmark is given. */
export type Options = Values<typeof OPTIONS>;

export const bench = defineCommand({
  call: "prove bench",
  summary: "What a webhook, a confirm and a charge cost, beside others",
  examples: ["", "--quick", "--only growth --orders 100000"],
  options: OPTIONS,
  notes:
    `database: webhooks a second of this project, @supabase/stripe-sync-engine, a guide's handler and one bare call.
calls: processor time of Postgres per call. storage: bytes of a payment and its webhook.
charges: due charges at 50 ms of Toss, beside a naive loop. process: the functions' own processor time and memory.
stack: confirm and webhook over HTTP, and the boot of each function. start: until a stack answers.
growth: the same calls at 1 thousand, 100 thousand and 1 million orders.
Everything shares this machine. The exit code is 1 when a figure falls below its floor. Needs npm, node and Linux.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
