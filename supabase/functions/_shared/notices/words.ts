import { BANKS, SECURITIES_FIRMS } from "../toss/banks.ts";
import type { Language, NoticeText, Row } from "./notice.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const METHODS: Readonly<Record<string, string>> = {
  카드: "Card",
  가상계좌: "Virtual account",
  간편결제: "Easy pay",
  휴대폰: "Mobile phone",
  계좌이체: "Bank transfer",
  문화상품권: "Culture gift certificate",
  도서문화상품권: "Book gift certificate",
  게임문화상품권: "Game gift certificate",
};

// Korea has kept no summer time since 1988.
const SEOUL_OFFSET_MS = 9 * 3_600_000;

function seoulParts(instant: string) {
  const moved = new Date(Date.parse(instant) + SEOUL_OFFSET_MS);
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    year: moved.getUTCFullYear(),
    month: moved.getUTCMonth(),
    day: moved.getUTCDate(),
    clock: `${two(moved.getUTCHours())}:${two(moved.getUTCMinutes())}`,
  };
}

/** A moment in Seoul, to the minute. */
export function seoulTime(instant: string, language: Language): string {
  const { year, month, day, clock } = seoulParts(instant);
  return language === "ko"
    ? `${year}년 ${month + 1}월 ${day}일 ${clock}`
    : `${day} ${MONTHS[month]} ${year}, ${clock} (Seoul)`;
}

/** A day in Seoul. */
export function seoulDay(instant: string, language: Language): string {
  const { year, month, day } = seoulParts(instant);
  return language === "ko"
    ? `${year}년 ${month + 1}월 ${day}일`
    : `${day} ${MONTHS[month]} ${year}`;
}

/** An amount in won, with separators. */
export function won(amount: number, language: Language): string {
  const digits = String(amount).replace(/\B(?=(\d{3})+$)/g, ",");
  return language === "ko" ? `${digits}원` : `KRW ${digits}`;
}

/** A bank by Toss's code; the code itself when it is a new one. */
export function bankName(code: string, language: Language): string {
  const known = [...BANKS, ...SECURITIES_FIRMS].find((bank) =>
    bank.code === code
  );
  if (known === undefined) return code;
  if (language === "ko") return known.names[0];
  const english = known.names.filter((name) => /^[\x20-\x7e]+$/.test(name));
  return english.sort((one, other) => other.length - one.length)[0] ?? code;
}

/** Toss's payment method in the reader's language. */
export function methodName(method: string, language: Language): string {
  return language === "ko" ? method : METHODS[method] ?? method;
}

/** The lines of a notice. */
export function rows(
  ...pairs: readonly (readonly [label: string, value: string | null])[]
): Row[] {
  return pairs.map(([label, value]) => ({ label, value: value || null }));
}

/** The lines whose values are known. */
export function knownRows(
  notice: Pick<NoticeText, "rows">,
): { label: string; value: string }[] {
  return notice.rows.flatMap(({ label, value }) =>
    value === null ? [] : [{ label, value }]
  );
}

/** `write(value)`, or null when there is no value. */
export function known<Value>(
  value: Value | null | undefined,
  write: (value: Value) => string,
): string | null {
  return value === null || value === undefined ? null : write(value);
}
