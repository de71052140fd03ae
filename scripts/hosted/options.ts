import { flag, text } from "../door/options.ts";

/** The options of every command that changes a hosted project. */
export const PROJECT_OPTIONS = {
  projectRef: text(
    "<ref>",
    "the project; else SUPABASE_PROJECT_ID, else what `supabase link` chose",
  ),
  url: text(
    "<url>",
    "its API, when it has a domain of its own (https://<ref>.supabase.co)",
  ),
  dryRun: flag("show what would change and change nothing"),
  yes: flag("do not ask"),
};

/** What these commands read of the environment themselves. */
export const PROJECT_ENVIRONMENT = {
  SUPABASE_ACCESS_TOKEN:
    "from https://supabase.com/dashboard/account/tokens; not needed after `supabase login`",
  SUPABASE_PROFILE: "another management API, as the Supabase CLI takes it",
};
