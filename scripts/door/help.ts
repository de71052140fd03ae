import { nameOf, type OptionTable } from "./options.ts";

/** What the help of a command is made of, beside its options. */
export interface HelpTexts {
  /** How it is called after `npx -y deno task`, for example `toss charge`. */
  call: string;
  /** What it does, in one line without a full stop. */
  summary: string;
  /** What one has to know before. */
  about?: string;
  /** What may follow the call, a line each. @default nothing */
  examples?: readonly string[];
  /** Variables that it reads, beside those of the project. */
  environment?: Readonly<Record<string, string>>;
  /** What one has to know besides. */
  notes?: string;
}

const WIDTH = 80;

/** The command line that calls it. */
export function commandLine(call: string): string {
  return `npx -y deno task ${call}`;
}

/** Breaks a text into lines of at most so many columns; lines of its own stay. */
function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => {
    const lines = [""];
    for (const word of line.split(" ")) {
      const last = lines.at(-1) ?? "";
      if (last === "") lines[lines.length - 1] = word;
      else if (last.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = `${last} ${word}`;
    }
    return lines;
  });
}

/** Names on the left, what they mean on the right. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.flatMap(([name, meaning]) =>
    wrap(meaning, WIDTH - width).map((line, index) =>
      `${(index === 0 ? `  ${name}` : "").padEnd(width)}${line}`.trimEnd()
    )
  ).join("\n");
}

function optionRows(options: OptionTable): [string, string][] {
  const rows = Object.entries(options).map(([key, option]) => {
    const { placeholder, help, fallback, isArgument } = option;
    const name = nameOf(key, option);
    const isShown = fallback !== undefined && fallback !== false;
    return [
      isArgument || placeholder === null ? name : `${name} ${placeholder}`,
      `${help}${isShown ? ` (default ${fallback})` : ""}`,
    ] satisfies [string, string];
  });
  return [...rows, ["--help", "this text"]];
}

/** What `--help` of a command prints. */
export function renderHelp(texts: HelpTexts, options: OptionTable): string {
  const { call, summary, about, examples = [""], environment, notes } = texts;
  const calls = examples.map((args) =>
    `  ${commandLine(call)} ${args}`.trimEnd()
  );
  return [
    wrap(`${summary}.${about ? ` ${about}` : ""}`, WIDTH).join("\n"),
    calls.join("\n"),
    columns(optionRows(options)),
    environment && `Environment:\n${columns(Object.entries(environment))}`,
    notes && wrap(notes, WIDTH).join("\n"),
  ].filter(Boolean).join("\n\n");
}
