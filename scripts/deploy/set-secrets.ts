import { withSecretFile } from "../hosted/secret-file.ts";
import type { SupabaseCli } from "../hosted/supabase-cli.ts";

/** Quotes a value so that the CLI takes it as it is; `variables.ts` refuses what neither quote can hold. */
function quote(value: string): string {
  return value.includes("'") ? `\`${value}\`` : `'${value}'`;
}

/** Sets secrets of the project's functions; they go through a file, never through arguments. */
export async function setSecrets(
  cli: SupabaseCli,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(values)
    .map(([name, value]) => `${name}=${quote(value)}\n`);
  await withSecretFile(
    { name: "secrets.env", text: lines.join("") },
    async (path) => {
      await cli({ args: ["secrets", "set", `--env-file=${path}`, "--yes"] });
    },
  );
}
