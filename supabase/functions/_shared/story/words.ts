import { tossTime } from "../toss/time.ts";

/** An amount as people read it: `9,900 KRW`. */
export function won(amount: number, currency = "KRW"): string {
  return `${amount.toLocaleString("en")} ${currency}`;
}

/** A time as people in Korea read it, to the minute: `2026-11-27 12:40`. */
export function seoul(time: string): string {
  return (tossTime(time) ?? time).slice(0, 16).replace("T", " ");
}

/** Free text as it may be shown: without what could be the number of an account, a card, a telephone or a person. */
export function shown(text: string): string {
  return text.replace(
    /\d[\d -]{5,}\d/g,
    (digits) => digits.replace(/\d/g, "*"),
  );
}
