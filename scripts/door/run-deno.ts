import { PROJECT_ROOT } from "../../stack/paths.ts";

/** Runs this Deno in the project's folder with the terminal of this process; its exit code. */
export async function runDeno(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: PROJECT_ROOT,
    env: environment,
  }).spawn();
  return (await child.status).code;
}
