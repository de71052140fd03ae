import { parseArgs } from "node:util";
import { UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import {
  nameOf,
  type Option,
  type OptionTable,
  type Values,
} from "./options.ts";

interface Known {
  key: string;
  name: string;
  option: Option<unknown, unknown>;
}

function read({ name, option }: Known, given: string): unknown {
  try {
    return option.read(given);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${name} ${error.message}`);
  }
}

function unknownOption(rawName: string, known: readonly Known[]): UsageError {
  const near = nearest(rawName, known.map(({ name }) => name));
  return new UsageError(
    `Unknown option '${rawName}'${near ? `: did you mean ${near}?` : ""}`,
  );
}

/** `--limit --dry-run` is a forgotten value, and never the value `--dry-run`; `--limit=--dry-run` is meant so. */
function checkValue(
  { name, option }: Known,
  { value, inlineValue }: {
    value: string | undefined;
    inlineValue: boolean | undefined;
  },
) {
  if (option.placeholder === null) {
    if (value !== undefined) throw new UsageError(`${name} takes no value`);
  } else if (!value || (!inlineValue && value.startsWith("--"))) {
    throw new UsageError(
      `${name} needs a value: ${name} ${option.placeholder}`,
    );
  }
}

/**
 * Reads the arguments of a command.
 *
 * `parseArgs` cuts them into tokens; what it says in its strict mode does not name what to do.
 *
 * @throws UsageError that names the option
 */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  args: string[],
): Values<Table> {
  const known = Object.entries(table)
    .map(([key, option]): Known => ({
      key,
      name: nameOf(key, option),
      option,
    }));
  const named = known.filter(({ option }) => !option.isArgument);
  const places = known.filter(({ option }) => option.isArgument);
  const { tokens } = parseArgs({
    args,
    strict: false,
    tokens: true,
    options: Object.fromEntries(named.map(({ name, option }) => [
      name.slice(2),
      { type: option.placeholder === null ? "boolean" : "string" },
    ])),
  });
  const values: Record<string, unknown> = Object.fromEntries(
    known.map(({ key, option }) => [key, option.fallback]),
  );
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const place = places.shift();
      if (place === undefined) {
        throw new UsageError(`Unexpected argument '${token.value}'`);
      }
      values[place.key] = read(place, token.value);
      continue;
    }
    const found = named.find(({ name }) => name === token.rawName);
    if (found === undefined) throw unknownOption(token.rawName, named);
    checkValue(found, token);
    values[found.key] = read(found, token.value ?? "");
  }
  return values as Values<Table>;
}
