import { parseEnv } from "node:util";

/**
 * Reads a `.env` file: `NAME=value` lines, quotes and comments as in Node.
 *
 * Returns an empty object when the file does not exist.
 */
export async function readDotEnv(
  path: string,
): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(path).catch(() => "");
  const entries = Object.entries(parseEnv(text));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] =>
      entry[1] !== undefined
    ),
  );
}
