import { join } from "node:path";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import { shellVariables } from "../../support/npx.ts";

/** What one command did. */
export interface CommandOutcome {
  command: string;
  /** Exit status; null when the session ended before it. */
  status: number | null;
  output: string;
}

const MARK = "\u001e";

function scriptOf(files: readonly string[]): string {
  return files.map((file, index) =>
    `echo "${MARK}${index}"; source "${file}" 2>&1; echo "${MARK}=$?"`
  ).join("\n");
}

function outcomesOf(commands: readonly string[], text: string) {
  const parts = text.split(new RegExp(`${MARK}\\d+\\n`)).slice(1);
  return commands.map((command, index): CommandOutcome => {
    const [output = "", status] = (parts[index] ?? "").split(`${MARK}=`);
    return {
      command,
      output,
      status: status === undefined ? null : Number(status),
    };
  });
}

/** Runs commands one after the other in one bash, from the project's folder, as a reader would. */
export async function runSession(
  commands: readonly string[],
  environment: Record<string, string>,
): Promise<CommandOutcome[]> {
  const folder = await Deno.makeTempDir({ prefix: "docs-" });
  try {
    const files = await Promise.all(commands.map(async (command, index) => {
      const file = join(folder, `${index}.sh`);
      await Deno.writeTextFile(file, `${command}\n`);
      return file;
    }));
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", scriptOf(files)],
      cwd: PROJECT_ROOT,
      env: { ...shellVariables(), ...environment },
      stdin: "null",
      stderr: "null",
    }).output();
    return outcomesOf(commands, new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
