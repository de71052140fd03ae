import { parseEnv } from "node:util";
import { givenValues } from "../../supabase/functions/_shared/config/given-values.ts";

/**
 * Reads a `.env` file: `NAME=value` lines, quotes and comments as in Node.
 *
 * White space around a value does not count, and an empty one is left out.
 * Returns an empty object when the file does not exist.
 */
export async function readDotEnv(
  path: string,
): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return givenValues(parseEnv(text));
}
