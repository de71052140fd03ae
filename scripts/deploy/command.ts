import process from "node:process";
import { StopError, UsageError } from "./stop-error.ts";

// The CLI gets Ctrl-C as well and ends; the step that ran it then fails, and its temporary files are removed.
function outliveInterrupt(): void {
  let interrupts = 0;
  Deno.addSignalListener("SIGINT", () => {
    interrupts++;
    if (interrupts > 1) process.exit(130);
  });
}

/**
 * Runs a command: 0 when it is through, 1 when it stopped or refused, 2 when its options are wrong.
 *
 * Ctrl-C stops the step that runs, a second one everything.
 */
export async function runCommand(
  help: string,
  main: () => Promise<number>,
): Promise<never> {
  outliveInterrupt();
  try {
    process.exit(await main());
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${help}`);
      process.exit(2);
    }
    console.error(error instanceof StopError ? `\n${error.message}` : error);
    process.exit(1);
  }
}
