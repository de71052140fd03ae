import { join } from "node:path";
import { PROJECT_ROOT } from "./paths.ts";

/** Which Deno runs the functions, and with which lock file. */
export interface FunctionsRuntime {
  deno: string;
  lockArguments: string[];
}

async function locateDeno(version: string): Promise<string> {
  const result = await new Deno.Command("npx", {
    args: [
      ...["-y", `deno@${version}`, "eval", "--no-config", "--no-lock"],
      "console.log(Deno.execPath())",
    ],
    env: { NPM_CONFIG_LOGLEVEL: "error", DENO_TLS_CA_STORE: "system" },
    stdin: "null",
  }).output();
  const path = new TextDecoder().decode(result.stdout).trim();
  if (result.success && path !== "") return path;
  const reason = new TextDecoder().decode(result.stderr).trim();
  throw new Error(`Deno ${version} is not available: ${reason}`);
}

/**
 * Chooses the Deno for the functions process.
 *
 * `version` null means the Deno that runs the stack. Another version is
 * brought by npm; it gets a copy of the lock file in `directory`, because
 * 2.1.4 would drop the section of the file that it does not know.
 */
export async function prepareFunctionsRuntime(
  version: string | null,
  directory: string,
): Promise<FunctionsRuntime> {
  const lock = join(PROJECT_ROOT, "deno.lock");
  if (version === null) {
    return { deno: Deno.execPath(), lockArguments: [`--lock=${lock}`] };
  }
  const copy = join(directory, `deno-${version}.lock`);
  await Deno.copyFile(lock, copy);
  return {
    deno: await locateDeno(version),
    lockArguments: [`--lock=${copy}`, "--frozen=false"],
  };
}
