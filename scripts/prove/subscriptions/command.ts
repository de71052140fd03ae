import { defineCommand, later } from "../../door/command.ts";
import { type Values, wholeNumber, withDefault } from "../../door/options.ts";

function count(help: string, fallback: number) {
  return withDefault(wholeNumber(help, { from: 1 }), fallback);
}

const OPTIONS = {
  seed: count("the first sequence; the others follow", 1),
  sequences: count("how many", 2000),
  steps: count("how long each is", 60),
  worlds: count("databases side by side", 2),
};

/** What the proof of subscriptions is given. */
export type Options = Values<typeof OPTIONS>;

export const subscriptions = defineCommand({
  call: "prove subscriptions",
  summary: "Random lives of subscribers agree with a small model",
  examples: ["--sequences 20"],
  options: OPTIONS,
  notes:
    `Each sequence is the life of one user: registrations, subscriptions, changes, cards and accounts that decline and are removed, lost answers, refunds in Toss's dashboard, weeks without a job. After every step the answer, the subscriptions, the access and every won must be what docs/subscriptions.md says, and invariant_violations() must be empty. What differs is made as short as it gets, and the exit code is 1.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
