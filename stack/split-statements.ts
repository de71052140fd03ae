/** One SQL statement of a file. */
export interface Statement {
  /** The text without the final semicolon and without outer white space. */
  text: string;
  /** Number of the line where the text begins; the first line is 1. */
  line: number;
}

// Whatever may hold a semicolon that ends nothing: comments, strings, quoted
// names, dollar-quoted bodies. A nested comment ends at its first end, which
// only matters when a semicolon follows inside the outer one.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|\b(?:begin\s+atomic|case|end)\b|;/gi;

/**
 * Splits SQL into statements, as the Supabase CLI does for its history.
 *
 * Knows comments, strings, dollar quotes and `begin atomic … end` bodies. A
 * statement keeps the comments in front of it; a file's last comments belong
 * to no statement and are dropped.
 */
export function splitStatements(source: string): Statement[] {
  const statements: Statement[] = [];
  let start = 0;
  let depth = 0;
  const finish = (end: number) => {
    const raw = source.slice(start, end);
    const text = raw.trim();
    const code = text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim();
    const offset = start + raw.length - raw.trimStart().length;
    const line = source.slice(0, offset).split("\n").length;
    if (code !== "") statements.push({ text, line });
    start = end + 1;
    depth = 0;
  };
  for (const match of source.matchAll(TOKEN)) {
    const token = match[0].toLowerCase();
    if (token.startsWith("begin")) depth++;
    else if (token === "case" && depth > 0) depth++;
    else if (token === "end" && depth > 0) depth--;
    else if (token === ";" && depth === 0) finish(match.index);
  }
  finish(source.length);
  return statements;
}
