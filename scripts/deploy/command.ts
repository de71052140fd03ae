import { defineCommand, later } from "../door/command.ts";
import { text, type Values } from "../door/options.ts";
import { PROJECT_ENVIRONMENT, PROJECT_OPTIONS } from "../hosted/options.ts";

const OPTIONS = {
  envFile: text(
    "<path>",
    "the functions' variables, as in .env.example (.env); one that is set in the environment wins over the file",
  ),
  ...PROJECT_OPTIONS,
};

/** What deploy is given. */
export type Options = Values<typeof OPTIONS>;

export const deploy = defineCommand({
  call: "deploy",
  summary: "Bring this checkout to a hosted Supabase project",
  about:
    "Migrations, secrets, edge functions, Vault values and schedules; then doctor examines the result. Shows what will change and asks first.",
  examples: ["--project-ref <ref> --dry-run", "--project-ref <ref>"],
  options: OPTIONS,
  environment: {
    ...PROJECT_ENVIRONMENT,
    SUPABASE_DB_URL:
      "where the migrations are pushed, as role postgres, when the CLI cannot connect by itself: the session pooler's connection string",
  },
  notes:
    "Safe to repeat: what is there already is skipped or done again. Stops at the first step that fails and says how to go on. Exit code: 0 = deployed and doctor found nothing broken, 1 = stopped or refused, 2 = wrong options. Every step, and what to do when one stops: docs/operations.md",
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
