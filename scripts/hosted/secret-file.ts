import { join } from "node:path";

/**
 * Puts a text into a file that only its owner can read, for as long as `use` runs.
 *
 * The way for secrets into another program: its arguments are visible to every user of the machine.
 */
export async function withSecretFile<T>(
  { name, text }: { name: string; text: string },
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "deploy-" });
  try {
    const path = join(folder, name);
    await Deno.writeTextFile(path, text, { mode: 0o600, createNew: true });
    return await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
