import process from "node:process";
import { type Command, lastWord } from "./command.ts";
import { StopError, UsageError } from "./errors.ts";
import { commandLine } from "./help.ts";
import { nearest } from "./nearest.ts";
import { networkFault } from "./network-fault.ts";

function oneLine(text: string): string {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "").join("; ");
}

/** Says how a command ended that threw; returns the exit code. */
function explain(command: Command, error: unknown): number {
  if (error instanceof UsageError) {
    const message = oneLine(error.message).replace(/[^.?]$/, "$&.");
    const help = `Help: ${commandLine(command.call)} --help`;
    console.error(`${lastWord(command)}: ${message} ${help}`);
    return 2;
  }
  const fault = networkFault(error);
  if (fault !== null) {
    const address = fault.address ?? "The address";
    console.error(`${address} cannot be reached: ${fault.reason}.`);
  } else {
    console.error(error instanceof StopError ? error.message : error);
  }
  return 1;
}

function unknownCommand(group: Command, word: string): UsageError {
  const near = nearest(word, group.commands?.map(lastWord) ?? []);
  return new UsageError(
    `There is no command '${word}'${near ? `: did you mean ${near}?` : ""}`,
  );
}

async function run(command: Command, args: string[]): Promise<number> {
  const [word, ...rest] = args;
  try {
    // An option of a group can only be --help.
    if (command.commands !== undefined && word !== undefined) {
      const found = command.commands.find((one) => lastWord(one) === word);
      if (found !== undefined) return await run(found, rest);
      if (word !== "--help") throw unknownCommand(command, word);
    }
    if (args.includes("--help")) {
      console.log(command.help());
      return 0;
    }
    return await command.run(args);
  } catch (error) {
    return explain(command, error);
  }
}

/**
 * Runs what the arguments name and ends the process: 0 when it is through, 1 when it stopped, failed or refused, 2 when
 * it was called wrongly. Every command comes through here, so that each has `--help`, refuses what it does not know in
 * one line, and explains an address that does not answer without a stack trace.
 */
export async function enter(door: Command, args: string[]): Promise<never> {
  process.exit(await run(door, args));
}
