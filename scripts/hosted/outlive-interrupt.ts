import process from "node:process";

/**
 * Lets Ctrl-C stop the step that runs, and a second one everything.
 *
 * The CLI gets Ctrl-C as well and ends; the step that ran it then fails, and its temporary files are removed.
 */
export function outliveInterrupt(): void {
  let interrupts = 0;
  Deno.addSignalListener("SIGINT", () => {
    interrupts++;
    if (interrupts > 1) process.exit(130);
  });
}
