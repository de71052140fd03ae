import { columns, commandLine, type HelpTexts, renderHelp } from "./help.ts";
import type { OptionTable, Values } from "./options.ts";
import { parseOptions } from "./parse-options.ts";

/** Something the door opens: a command, or a group of them. */
export interface Command {
  call: string;
  summary: string;
  help(): string;
  /** The commands of a group. */
  commands?: readonly Command[];
  /**
   * Does it; resolves to the exit code.
   *
   * @throws UsageError for options that make no sense, StopError for a reason not to go on
   */
  run(args: string[]): Promise<number>;
}

/** A command as its folder describes it. */
export interface CommandDefinition<Table extends OptionTable>
  extends HelpTexts {
  options: Table;
  /** Loads what does it: the help of one command does not wait for what all others import. */
  load(): Promise<{ run(values: Values<Table>): Promise<number> }>;
}

/**
 * Loads a module when it is called for.
 *
 * An import that names its file would do the same, but Deno reads everything behind it before the first line runs:
 * half a second for the help of any command.
 */
export function later<Module>(specifier: string): () => Promise<Module> {
  return () => import(specifier);
}

/** Makes a command of its one table of options. */
export function defineCommand<Table extends OptionTable>(
  definition: CommandDefinition<Table>,
): Command {
  const { call, summary, options } = definition;
  return {
    call,
    summary,
    help: () => renderHelp(definition, options),
    async run(args) {
      const values = parseOptions(options, args);
      return await (await definition.load()).run(values);
    },
  };
}

/** What a command is called within its group. */
export function lastWord({ call }: Pick<Command, "call">): string {
  return call.split(" ").at(-1) ?? call;
}

/** Makes a group: its help lists its commands with one line each, under headings. */
export function defineGroup(
  { call, summary, about, parts }: {
    call: string;
    summary: string;
    about: string;
    parts: readonly (readonly [heading: string, readonly Command[]])[];
  },
): Command {
  const commands = parts.flatMap(([, members]) => members);
  const width = Math.max(...commands.map((one) => lastWord(one).length));
  const lists = parts.map(([heading, members]) =>
    `${heading}\n${
      columns(members.map((one) => [
        lastWord(one).padEnd(width),
        one.summary,
      ]))
    }`
  );
  const help = [
    `${summary}.`,
    `  ${commandLine(call)} <command>\n  ${commandLine(call)} <command> --help`,
    ...lists,
    about,
  ].join("\n\n");
  return {
    call,
    summary,
    commands,
    help: () => help,
    run() {
      console.log(help);
      return Promise.resolve(0);
    },
  };
}
