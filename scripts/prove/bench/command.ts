import { defineCommand } from "../../door/command.ts";
import { type Values, wholeNumber, withDefault } from "../../door/options.ts";

const OPTIONS = {
  count: withDefault(wholeNumber("calls of each kind", { from: 1 }), 300),
  senders: withDefault(
    wholeNumber("calls at the same time, where not one", { from: 1 }),
    16,
  ),
};

/** What the benchmark is given. */
export type Options = Values<typeof OPTIONS>;

export const bench = defineCommand({
  call: "prove bench",
  summary: "What boot, confirm, webhook, SQL and storage cost",
  examples: ["", "--count 20"],
  options: OPTIONS,
  notes:
    "Everything shares this machine: Postgres, the stand-ins, the simulator and the load. The figures of HTTP are therefore those of the stand-ins; the last ones are Postgres's own.",
  load: () => import("./run.ts"),
});
