/** The options of every command that changes a hosted project. */
export const PROJECT_OPTIONS = {
  "project-ref": { type: "string" },
  "url": { type: "string" },
  "dry-run": { type: "boolean", default: false },
  "yes": { type: "boolean", default: false },
} as const;

/** The part of the help that these commands share. */
export const PROJECT_HELP =
  `  --project-ref REF  the project; else SUPABASE_PROJECT_ID, else what \`supabase link\` chose
  --url URL          its API, when it has a domain of its own (https://REF.supabase.co)
  --dry-run          shows what would change and changes nothing
  --yes              does not ask
  --help

Environment of the command itself:
  SUPABASE_ACCESS_TOKEN  from https://supabase.com/dashboard/account/tokens; not needed after \`supabase login\`
  SUPABASE_PROFILE       another management API, as the Supabase CLI takes it`;
