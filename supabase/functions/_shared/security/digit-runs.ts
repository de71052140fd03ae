import { IDENTIFIER_PATTERN } from "./sensitive-names.ts";

const MASKED_CARD = /\d{3,8}[\d-]{0,12}\*{2,}[\d*-]{0,12}/g;

// In one piece, or in the groups that are printed on a card.
const CARD_SHAPES = [
  /(?<![\w-])\d{13,19}(?![\w-])/g,
  /(?<![\w-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}\1\d{3}(?![\w-])/g,
  /(?<![\w-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?![\w-])/g,
  /(?<![\w-])\d{4}([ -])\d{6}\1\d{4,5}(?![\w-])/g,
] as const;

// Mobile numbers with or without the country, others with their hyphens, and what begins with a plus.
const PHONE_NUMBER = new RegExp(
  "(?<![\\w-])(?:" +
    [
      "(?:\\+?82[ -]?\\(?0?\\)?|0)1[016-9][ .-]?\\d{3,4}[ .-]?\\d{4}",
      "0(?:2|[3-6]\\d|70|50\\d|80)[-)]\\d{3,4}-\\d{4}",
      "\\+[1-9]\\d{0,2}(?:[ -]?\\d{2,4}){2,4}",
    ].join("|") +
    ")(?![\\w-])",
  "g",
);

const AFTER_IDENTIFIER = new RegExp(
  `(?:${IDENTIFIER_PATTERN})[\\\\"'\\s:=]{1,12}$`,
  "i",
);
const AFTER_CARD =
  /(?:card|카드)(?: ?(?:number|no\.?)|\s?번호)?[\\"'\s:=]{1,12}$/i;
const LONGEST_CONTEXT = 40;

/**
 * Hides card and phone numbers in a text.
 *
 * A card number is known by its checksum (ISO/IEC 7812-1, Luhn), or because the text calls it one. What follows the
 * name of an identifier is none, and neither is a time: both can pass the checksum by chance.
 */
export function hideNumbers(text: string, mark: string): string {
  let result = text.includes("**") ? text.replace(MASKED_CARD, mark) : text;
  if (!/\d(?:[ .()-]{0,3}\d){7}/.test(result)) return result;
  for (const shape of CARD_SHAPES) result = hideCards(result, shape, mark);
  return result.replace(
    PHONE_NUMBER,
    (match, offset: number) =>
      AFTER_IDENTIFIER.test(before(result, offset)) ? match : mark,
  );
}

const before = (text: string, offset: number) =>
  text.slice(Math.max(0, offset - LONGEST_CONTEXT), offset);

function hideCards(text: string, shape: RegExp, mark: string): string {
  const kept: string[] = [];
  let from = 0;
  shape.lastIndex = 0;
  for (
    let match = shape.exec(text);
    match !== null;
    match = shape.exec(text)
  ) {
    const [number] = match;
    const context = before(text, match.index);
    const isOne = !AFTER_IDENTIFIER.test(context) &&
      (AFTER_CARD.test(context) || isCard(number));
    if (isOne) {
      kept.push(text.slice(from, match.index), mark);
      from = match.index + number.length;
    } else {
      // What is no number as a whole may hold one from its next group on.
      shape.lastIndex = match.index + number.search(/[ -]|$/);
    }
  }
  return from === 0 ? text : kept.join("") + text.slice(from);
}

function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  return passesLuhn(digits) && !isTime(digits);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && !/^0+$/.test(digits);
}

/** yyyyMMddHHmmss, or milliseconds since 1970 of a year from 2001 to 2033; no card begins like either. */
function isTime(digits: string): boolean {
  return /^1\d{12}$/.test(digits) ||
    /^(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d[0-2]\d[0-5]\d[0-5]\d$/.test(digits);
}
