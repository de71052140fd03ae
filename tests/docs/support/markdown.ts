/** A fenced block of a page. */
export interface Fence {
  /** `sh`, `ts`, …; empty when the page names none. */
  language: string;
  /** Without the indentation of the list it may stand in. */
  code: string;
  /** The HTML comment in the line above it; empty when there is none. */
  marker: string;
}

/** A heading, with the anchor that GitHub gives it. */
export interface Heading {
  level: number;
  text: string;
  anchor: string;
}

const FENCE = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

/** The fenced blocks of a page, in order. */
export function fencesOf(text: string): Fence[] {
  return Array.from(
    text.matchAll(FENCE),
    ({ 1: indent = "", 2: language = "", 3: code = "", index }) => ({
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      marker: /<!-- ([^\n]*) -->\n$/.exec(text.slice(0, index))?.[1] ?? "",
    }),
  );
}

/** A page without its fenced blocks and, if so wished, without what stands in backticks. */
function proseOf(text: string, { withCode = false } = {}): string {
  const prose = text.replaceAll(FENCE, "");
  return withCode ? prose : prose.replaceAll(/`[^`\n]*`/g, "");
}

/** How GitHub makes an anchor out of a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().trim()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

/** The headings of a page, in order. */
export function headingsOf(text: string): Heading[] {
  return Array.from(
    proseOf(text, { withCode: true }).matchAll(/^(#+) (.+)$/gm),
    ([, marks = "", heading = ""]) => ({
      level: marks.length,
      text: heading,
      anchor: anchorOf(heading),
    }),
  );
}

/** The targets of a page's links, as they are written. */
export function linksOf(text: string): string[] {
  return Array.from(
    proseOf(text).matchAll(/\]\(([^)\s]+)\)/g),
    ([, target = ""]) => target,
  );
}

/** A table as rows of cells; the first row is its head. */
export type Table = string[][];

function cellsOf(line: string): string[] {
  return line.slice(1, line.lastIndexOf("|")).split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The tables of a page, in order, without the line under the head. */
export function tablesOf(text: string): Table[] {
  const blocks = proseOf(text, { withCode: true })
    .matchAll(/(?:^ *\|.*\|[ ]*$\n?)+/gm);
  return Array.from(
    blocks,
    ([block]) =>
      block.trim().split("\n").map((line) => cellsOf(line.trim()))
        .filter((cells) => !cells.every((cell) => /^:?-+:?$/.test(cell))),
  );
}

/** The generated table of a name; throws when there is none. */
export function tableNamed(text: string, name: string): Table {
  const [, rest] = text.split(`<!-- generated: ${name} -->\n`);
  const [table] = rest === undefined ? [] : tablesOf(rest);
  if (table === undefined) throw new Error(`no table ${name}`);
  return table;
}

/** What stands in backticks, in order. */
export function codesOf(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = ""]) => code);
}

/** What a page writes in backticks, outside its fenced blocks. */
export function inlineCodeOf(text: string): string[] {
  return Array.from(
    proseOf(text, { withCode: true }).matchAll(/`([^`\n]+)`/g),
    ([, code = ""]) => code,
  );
}
