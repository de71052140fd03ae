import { defineCommand, later } from "../../door/command.ts";
import {
  listOf,
  oneOf,
  text,
  type Values,
  wholeNumber,
  withDefault,
} from "../../door/options.ts";

/** The parts of the proof. */
export const PARTS = ["once", "scale", "throughput"] as const;

function count(help: string, fallback: number) {
  return withDefault(wholeNumber(help, { from: 1 }), fallback);
}

const OPTIONS = {
  only: oneOf("<part>", PARTS, `${PARTS.join(", ")}; else all`),
  seed: count("decides who is killed when and which answers are lost", 1),
  subscribers: count("who is due in the storm", 300),
  runs: count("overlapping runs, each a process of its own", 8),
  months: count("months after the storm", 12),
  sizes: withDefault(
    listOf(wholeNumber("numbers of subscriptions, rising", { from: 3000 })),
    [10_000, 1_000_000],
  ),
  report: text(
    "<path>",
    "write the figures, for example docs/billing-proof.md",
  ),
};

/** What the billing proof is given. */
export type Options = Values<typeof OPTIONS>;

export const billing = defineCommand({
  call: "prove billing",
  summary: "Due subscriptions are charged exactly once, and how fast",
  examples: ["", "--only once --seed <n>"],
  options: OPTIONS,
  notes:
    `once: overlapping runs that are killed and lose answers, next to a naive loop, then months of declines and recoveries.
scale: claiming a batch in tables of different sizes.
throughput: charges a second next to a naive loop.
The exit code is 1 when a promise does not hold.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
