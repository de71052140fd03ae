import { defineCommand, later } from "../door/command.ts";
import { flag, type Values } from "../door/options.ts";
import { PROJECT_ENVIRONMENT, PROJECT_OPTIONS } from "../hosted/options.ts";

const OPTIONS = {
  dropData: flag(
    "also drop our tables and functions of the database, with every order and payment in them; asks for the project ref to be typed, even with --yes",
  ),
  ...PROJECT_OPTIONS,
};

/** What uninstall is given. */
export type Options = Values<typeof OPTIONS>;

export const uninstall = defineCommand({
  call: "toss uninstall",
  summary: "Remove it from a hosted Supabase project",
  about:
    "Schedules, edge functions, their secrets and the Vault values go; the data stay. Shows what will go and asks first.",
  examples: ["--project-ref <ref> --dry-run", "--project-ref <ref>"],
  options: OPTIONS,
  environment: PROJECT_ENVIRONMENT,
  notes:
    "Safe to repeat: what is gone already is skipped. Secrets go by name: see whether other functions of the project read them. Extensions and everything that is not ours stay; when something of yours depends on a table of ours, no data are dropped. Exit code: 0 = done, 1 = stopped or refused, 2 = wrong options. More: docs/operations.md",
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
