import { StopError } from "../door/errors.ts";

/** One step of a command that changes a project. Each may run again. */
export interface Step {
  /** For the progress line, for example `function checkout`. */
  title: string;
  /** Does it; returns what was done, in a few words. */
  run(say: (line: string) => void): Promise<string>;
  /** What helps when this step fails, beside its own words. */
  hint?: string;
}

const INDENT = "      ";

function indent(text: string): string {
  return text.split("\n").map((line) => `${INDENT}${line}`).join("\n");
}

function describeStop(steps: readonly Step[], failed: number): string {
  const titles = (part: readonly Step[]) =>
    part.map(({ title }) => title).join(", ") || "nothing";
  return [
    `Stopped at step ${failed + 1} of ${steps.length}.`,
    `Done: ${titles(steps.slice(0, failed))}.`,
    `Not done: ${titles(steps.slice(failed))}.`,
    steps[failed]?.hint ?? "",
    "Nothing has to be undone. When the cause is gone, run the same command again: what is done is skipped or repeated.",
  ].filter((line) => line !== "").join("\n");
}

/**
 * Runs steps in order, each with a numbered line, and stops at the first that fails.
 *
 * @throws StopError that says what is done, what is not, and how to go on
 */
export async function runSteps(
  steps: readonly Step[],
  print: (line: string) => void,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    print(`[${index + 1}/${steps.length}] ${step.title}`);
    const startedAt = performance.now();
    try {
      const done = await step.run((line) => print(indent(line)));
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      print(indent(`${done} (${seconds} s)`));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      print(indent(`failed: ${reason}`));
      throw new StopError(describeStop(steps, index), { cause: error });
    }
  }
}
