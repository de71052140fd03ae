import { defineCommand, later } from "../door/command.ts";

export const demo = defineCommand({
  call: "demo",
  summary: "Play a shop's life on a stack of its own and show what happened",
  options: {},
  notes:
    `Starts Postgres, the API, the functions and a simulated Toss on free ports, buys, declines, loses an answer, refunds, waits for deposits, lives through 14 months of a subscriber, lets killed runs charge next to a naive loop, checks every money invariant and compares the database with Toss's books. Nothing is left behind.
The exit code is 0 when everything went as it should.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
