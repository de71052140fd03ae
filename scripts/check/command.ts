import { defineCommand, later } from "../door/command.ts";

export const check = defineCommand({
  call: "check",
  summary: "Check format, lint, types and structure",
  options: {},
  notes: "Ends at the first that fails, with its exit code.",
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
