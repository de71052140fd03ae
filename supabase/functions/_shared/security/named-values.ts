import { SENSITIVE_NAME_PATTERN } from "./sensitive-names.ts";

// Backslashes in front of a quote: JSON inside a JSON string.
const NAME = new RegExp(
  `(?:${SENSITIVE_NAME_PATTERN})((?:\\\\{0,8}["'])?)(?:\\]|\\\\{0,8}["']\\])?\\s{0,5}(?:=>|[:=])\\s{0,5}`,
  "gi",
);

const BARE_VALUE = /(?:(?:Basic|Bearer)\s{1,5})?[^\s"'\\,;&{}[\]<>]+/iy;
const OPENING = /(\\{0,8})(["'[{])/y;

/**
 * Hides what follows a sensitive name in text that holds JSON, a query or `name: value`: a word, a text in quotes, or a
 * whole object or list, also inside JSON inside text. Where the text ends too early, the rest of it is the value.
 */
export function hideNamedValues(text: string, mark: string): string {
  if (!/[:=]/.test(text)) return text;
  const kept: string[] = [];
  let from = 0;
  NAME.lastIndex = 0;
  for (
    let match = NAME.exec(text);
    match !== null;
    match = NAME.exec(text)
  ) {
    const start = match.index + match[0].length;
    const end = endOfValue(text, start);
    if (end === start) continue;
    const value = text.slice(start, end);
    if (value !== "null" && value !== '""') {
      // The same quotes around the replacement keep JSON readable as JSON.
      const quote = /^\\*["']/.exec(value)?.[0] ?? match[1] ?? "";
      kept.push(text.slice(from, start), quote, mark, quote);
      from = end;
    }
    NAME.lastIndex = end;
  }
  return from === 0 ? text : kept.join("") + text.slice(from);
}

function endOfValue(text: string, start: number): number {
  OPENING.lastIndex = start;
  const opening = OPENING.exec(text);
  if (opening === null) {
    BARE_VALUE.lastIndex = start;
    return BARE_VALUE.test(text) ? BARE_VALUE.lastIndex : start;
  }
  const [whole, backslashes = "", sign = ""] = opening;
  const inside = start + whole.length;
  if (sign === "[" || sign === "{") {
    return backslashes === "" ? endOfBrackets(text, inside) : start;
  }
  return endOfQuotes(text, inside, { backslashes: backslashes.length, sign });
}

/**
 * Behind the quote that closes. At depth n of JSON in JSON a quote has 2^n − 1 backslashes, and a backslash of the
 * content is 2^(n+1) of them, so that what is left over tells the end of a text from a quote in it.
 */
function endOfQuotes(
  text: string,
  from: number,
  { backslashes, sign }: { backslashes: number; sign: string },
): number {
  const unit = 2 * (backslashes + 1);
  let run = 0;
  for (let index = from; index < text.length; index++) {
    const character = text[index];
    if (character === "\\") {
      run += 1;
      continue;
    }
    if (character === sign && run % unit === backslashes) return index + 1;
    run = 0;
  }
  return text.length;
}

function endOfBrackets(text: string, from: number): number {
  let depth = 1;
  let index = from;
  let run = 0;
  while (index < text.length) {
    const character = text[index];
    index += 1;
    if (character === "\\") {
      run += 1;
      continue;
    }
    if (character === '"' || character === "'") {
      index = endOfQuotes(text, index, { backslashes: run, sign: character });
    } else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return index;
    }
    run = 0;
  }
  return text.length;
}
