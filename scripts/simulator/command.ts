import { defineCommand, later } from "../door/command.ts";

export const simulator = defineCommand({
  call: "toss simulator",
  summary: "Start the Toss simulator alone",
  options: {},
  environment: {
    TOSS_SIM_PORT: "port on 127.0.0.1, 0 for a free one (54380)",
    TOSS_SIM_WEBHOOK_URLS: "webhook receivers, separated by commas",
    TOSS_SIM_MINUTE_MS:
      "length of a minute of the webhook retry schedule (60000)",
  },
  notes: `Prints its address and keys, and last the line "ready".
/my/payment-logs shows the payments and plays deposits; docs/simulator.md describes the control API.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
