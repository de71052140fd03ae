import { defineCommand, later } from "../door/command.ts";
import { WHICH_STACK } from "../project/notes.ts";

export const status = defineCommand({
  call: "status",
  summary: 'Print the running stack\'s variables as NAME="value" lines',
  options: {},
  notes: `${WHICH_STACK} Exits with 1 when none runs.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
