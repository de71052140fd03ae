import { readLines } from "../../stack/lines.ts";
import { StopError } from "../door/errors.ts";

/** Asks the person at the keyboard. */
export interface Asker {
  /** Whether somebody sits there. */
  isTerminal: boolean;
  /** The line that was typed; empty at the end of the input. */
  ask(question: string): Promise<string>;
}

/** Makes what asks on the terminal; typed confirmations may come through a pipe as well. */
export function createAsker(): Asker {
  let lines: AsyncGenerator<string> | undefined;
  return {
    isTerminal: Deno.stdin.isTerminal(),
    async ask(question) {
      lines ??= readLines(Deno.stdin.readable);
      await Deno.stdout.write(new TextEncoder().encode(question));
      const { value, done } = await lines.next();
      return done ? "" : value.trim();
    },
  };
}

/**
 * Asks whether to go on, unless `yes` says so already.
 *
 * @throws StopError when there is nobody to ask
 */
export async function agree(asker: Asker, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!asker.isTerminal) {
    throw new StopError(
      "Nobody is there to ask: run it on a terminal, or with --yes. Nothing was changed.",
    );
  }
  return /^y(es)?$/i.test(await asker.ask("\nGo ahead? [y/N] "));
}
