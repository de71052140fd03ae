import { defineCommand, later } from "../door/command.ts";
import { flag, text, type Values } from "../door/options.ts";
import { WHICH_STACK } from "../project/notes.ts";

const OPTIONS = {
  envFile: text("<path>", "compare with the variables you mean to use"),
  json: flag("print [{ check, level, detail, action }]"),
};

/** What doctor is given. */
export type Options = Values<typeof OPTIONS>;

export const doctor = defineCommand({
  call: "doctor",
  summary: "Check a deployment or the local stack link by link",
  about: "Changes nothing.",
  examples: ["", "--env-file .env", "--json"],
  options: OPTIONS,
  environment: {
    SUPABASE_URL: "https://<ref>.supabase.co; without it, the local stack",
    SUPABASE_SECRET_KEY: "sb_secret_…",
    SUPABASE_PUBLISHABLE_KEY: "sb_publishable_…",
    SUPABASE_ACCESS_TOKEN: "sbp_…, optional: tells the region",
  },
  notes:
    `The file of --env-file may hold them too. Every check is ok, warn or fail, and says what to do. Exits with 1 when one fails, with 2 when there is nothing to check.
${WHICH_STACK}`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
