import { givenValues } from "../../supabase/functions/_shared/config/given-values.ts";

/** The variables that are set for a command: without white space around them, and without empty ones. */
export function commandEnvironment(): Record<string, string> {
  return givenValues(Deno.env.toObject());
}
