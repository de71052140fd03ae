import { z } from "zod";

/** One option of a command: what the help says of it, and how its text is read. */
export interface Option<Value, Fallback = undefined> {
  /** What stands for the value in the help; null = a flag, which takes none. */
  placeholder: string | null;
  help: string;
  /** The value when the option is not given. */
  fallback: Fallback;
  /** Stands without a name. */
  isArgument?: boolean;
  /** Throws a RangeError whose message goes on after the option's name: "must be …". */
  read(text: string): Value;
}

/** The options of a command by their names, `dryRun` for `--dry-run`. */
export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;

/** What a command gets of its table. */
export type Values<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends Option<infer Value, infer Fallback>
    ? Value | Fallback
    : never;
};

/** An option that is there or not. */
export function flag(help: string): Option<boolean, false> {
  return { placeholder: null, help, fallback: false, read: () => true };
}

/** An option that takes any text. */
export function text(placeholder: string, help: string): Option<string> {
  return { placeholder, help, fallback: undefined, read: (given) => given };
}

/** An option whose text a schema reads; `must` says what it has to be. */
function checked<Value>(
  option: Option<string>,
  schema: z.ZodType<Value>,
  must: string,
): Option<Value> {
  const read = (given: string) => {
    const { success, data } = schema.safeParse(given);
    if (success) return data;
    throw new RangeError(`must be ${must}`);
  };
  return { ...option, read };
}

/** An option that is a whole number in a range. */
export function wholeNumber(
  help: string,
  { from, to = 2 ** 31 - 1 }: { from: number; to?: number },
): Option<number> {
  const range = to < 2 ** 31 - 1 ? `from ${from} to ${to}` : `from ${from}`;
  const schema = z.string().regex(/^\d+$/).transform(Number)
    .pipe(z.int().min(from).max(to));
  return checked(text("<n>", help), schema, `a whole number ${range}`);
}

/** An option that takes several values, separated by commas. */
export function listOf<Value>(option: Option<Value>): Option<Value[]> {
  const read = (given: string) =>
    given.split(",").map((part) => option.read(part.trim()));
  return { ...option, placeholder: `${option.placeholder},…`, read };
}

/** An option that is one of a few words. */
export function oneOf<const Word extends string>(
  placeholder: string,
  words: readonly Word[],
  help: string,
): Option<Word> {
  const must = `one of ${words.join(", ")}`;
  return checked(text(placeholder, help), z.enum(words), must);
}

/** An option that is a moment with its offset from UTC. */
export function time(help: string): Option<string> {
  return checked(
    text("<time>", help),
    z.iso.datetime({ offset: true }),
    "a time with offset, such as 2027-01-01T00:00:00+09:00",
  );
}

/** An option that is a day of the calendar. */
export function day(help: string): Option<string> {
  return checked(
    text("<day>", help),
    z.iso.date(),
    "a day, such as 2027-01-31",
  );
}

/** An option that is a month of the calendar. */
export function month(help: string): Option<string> {
  const read = (given: string) => {
    if (/^\d{4}-(0[1-9]|1[0-2])$/.test(given)) return given;
    throw new RangeError(`must be a month, such as 2027-01, not ${given}`);
  };
  return { ...text("<month>", help), read };
}

/** An option that is the id of a row; `what` says of which. */
export function rowId(help: string, what: string): Option<string> {
  return checked(text("<id>", help), z.uuid(), what);
}

/** The same option with a value when it is not given, which the help shows. */
export function withDefault<Value>(
  option: Option<Value>,
  fallback: NoInfer<Value>,
): Option<Value, Value> {
  return { ...option, fallback };
}

/** The same option, given by its place and not by its name. */
export function argument<Value, Fallback>(
  option: Option<Value, Fallback>,
): Option<Value, Fallback> {
  return { ...option, isArgument: true };
}

/** How an option is written on the command line. */
export function nameOf(
  key: string,
  { isArgument = false, placeholder }: Pick<
    Option<unknown>,
    "isArgument" | "placeholder"
  >,
): string {
  if (isArgument) return placeholder ?? key;
  return `--${key.replaceAll(/[A-Z]/g, (big) => `-${big.toLowerCase()}`)}`;
}
