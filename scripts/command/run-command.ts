import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { SettingError } from "../dev/settings.ts";
import { networkFault } from "./network-fault.ts";
import { StopError, UsageError } from "./stop-error.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** The values of a command's options, as `parseArgs` types them. */
export type Values<Given extends Options> = ReturnType<
  typeof parseArgs<{ options: Given; strict: true; allowPositionals: false }>
>["values"];

/** A command of this project: a task of `deno.json`. */
export interface Command<Given extends Options> {
  /** The task. */
  name: string;
  /** What `--help` prints. */
  help: string;
  /** What it takes besides `--help`; anything else is refused. */
  options: Given;
  /**
   * Does it; returns the exit code.
   *
   * @throws UsageError for options that make no sense, StopError for a reason not to go on
   */
  run(values: Values<Given>): Promise<number>;
}

function parse<Given extends Options>(
  args: string[],
  options: Given,
): Values<Given> {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false })
      .values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ""] = error.message.split(/\.?(?:\s*\n|\. |$)/);
    throw new UsageError(sentence);
  }
}

function oneLine(text: string): string {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "").join("; ");
}

/** Says how a command ended that threw; returns the exit code. */
function explain(name: string, error: unknown): number {
  if (error instanceof UsageError) {
    console.error(
      `${name}: ${
        oneLine(error.message)
      }. Help: npx -y deno task ${name} --help`,
    );
    return 2;
  }
  const fault = networkFault(error);
  if (fault !== null) {
    const address = fault.address ?? "The address";
    console.error(`${address} cannot be reached: ${fault.reason}.`);
  } else {
    const isOurs = error instanceof StopError || error instanceof SettingError;
    console.error(isOurs ? error.message : error);
  }
  return 1;
}

/**
 * Runs a command and ends the process: 0 when it is through, 1 when it stopped or refused, 2 when its options are
 * wrong. Every command comes through here, so that each has `--help`, refuses what it does not know in one line, and
 * explains an address that does not answer without a stack trace.
 */
export async function runCommand<Given extends Options>(
  { name, help, options, run }: Command<Given>,
): Promise<never> {
  if (Deno.args.includes("--help")) {
    console.log(help);
    process.exit(0);
  }
  try {
    process.exit(await run(parse(Deno.args, options)));
  } catch (error) {
    process.exit(explain(name, error));
  }
}
