import { defineCommand, later } from "../../door/command.ts";
import {
  flag,
  text,
  type Values,
  wholeNumber,
  withDefault,
} from "../../door/options.ts";

const LAST_SEED = 2 ** 32 - 1;
const SEED = { from: 0, to: LAST_SEED };

const OPTIONS = {
  runs: withDefault(
    wholeNumber("how many runs", { from: 1, to: LAST_SEED }),
    1000,
  ),
  firstSeed: withDefault(
    wholeNumber("seed of the first run, the others follow", SEED),
    1,
  ),
  seed: wholeNumber("repeat one run and print what it plans", SEED),
  report: text("<path>", "write the report, for example docs/chaos-report.md"),
  log: flag("print the log of the functions"),
};

/** What the chaos proof is given. */
export type Options = Values<typeof OPTIONS>;

export const chaos = defineCommand({
  call: "prove chaos",
  summary: "Nothing is lost, doubled or stuck: kill -9, lost answers, restarts",
  examples: ["--runs 25", "--seed <n>"],
  options: OPTIONS,
  notes:
    "A run that violates something prints its seed, its choices and a timeline. The exit code is 1 then.",
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
