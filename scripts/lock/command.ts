import { defineCommand, later } from "../door/command.ts";

export const lock = defineCommand({
  call: "lock",
  summary: "Rewrite both lock files after a change of import_map.json",
  options: {},
  notes:
    `deno.lock holds what supabase/functions imports. The hosted runtime is Deno 2.1.4 and refuses version 5 of the format, so that version writes it.
scripts/deno.lock holds what everything else imports on the current Deno.
Where Deno refuses a lock file that is out of date before it runs this: npx -y deno task --frozen=false lock`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
