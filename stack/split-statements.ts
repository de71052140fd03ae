import { loadModule, parseSync } from "libpg-query";

/** One SQL statement of a file. */
export interface Statement {
  /** The text without the final semicolon and without outer white space. */
  text: string;
  /** Number of the line where the text begins; the first line is 1. */
  line: number;
}

/** A statement as Postgres's own grammar cuts it out; places are counted in bytes of UTF-8. */
interface Parsed {
  stmt_location?: number;
  stmt_len?: number;
}

function linesIn(text: string): number {
  return text.split("\n").length - 1;
}

/**
 * Splits SQL into statements, as the Supabase CLI does for its history.
 *
 * A statement keeps the comments in front of it; a file's last comments belong
 * to no statement and are dropped. Throws Postgres's own error for SQL that is
 * none.
 */
export async function splitStatements(source: string): Promise<Statement[]> {
  await loadModule();
  const { stmts = [] }: { stmts?: Parsed[] } = parseSync(source);
  const bytes = new TextEncoder().encode(source);
  const decoder = new TextDecoder();
  let line = 1;
  return stmts.map(({ stmt_location: from = 0, stmt_len: length }, index) => {
    const next = stmts[index + 1]?.stmt_location ?? bytes.length;
    const raw = decoder.decode(
      bytes.subarray(from, length ? from + length : next),
    );
    const [space = ""] = /^\s*/.exec(raw) ?? [];
    const statement = { text: raw.trim(), line: line + linesIn(space) };
    line += linesIn(decoder.decode(bytes.subarray(from, next)));
    return statement;
  });
}
