const KOREA_OFFSET_MILLISECONDS = 9 * 60 * 60 * 1000;

function shifted(time: number): string {
  return new Date(time + KOREA_OFFSET_MILLISECONDS).toISOString();
}

/**
 * Writes a time the way Toss's API objects carry it:
 * `yyyy-MM-dd'T'HH:mm:ss+09:00`, from milliseconds since the Unix epoch.
 * Source: Toss core API reference, Payment object.
 */
export function toKoreanTime(time: number): string {
  return `${shifted(time).slice(0, 19)}+09:00`;
}

/**
 * Writes a time the way webhook bodies carry `createdAt`: Korean local time
 * without offset, fraction without trailing zeros.
 * Source: Toss docs, webhook events; the zone is not stated there.
 */
export function toWebhookTime(time: number): string {
  return shifted(time).slice(0, 23).replace(/\.?0+$/, "");
}

/** The digits `yyyyMMddHHmmss` in Korean time, as payment keys contain them. */
export function toKoreanDigits(time: number): string {
  return shifted(time).slice(0, 19).replace(/\D/g, "");
}

/** The local time of Seoul as a person reads it: `yyyy-MM-dd HH:mm:ss`. */
export function toReadableTime(time: number): string {
  return shifted(time).slice(0, 19).replace("T", " ");
}

/** The day `yyyy-MM-dd` in Korean time. */
export function toKoreanDay(time: number): string {
  return shifted(time).slice(0, 10);
}

/** The calendar month `yyyy-MM` in Korean time. */
export function toKoreanMonth(time: number): string {
  return shifted(time).slice(0, 7);
}

/**
 * Reads `yyyy-MM-dd'T'HH:mm:ss`, the offsetless form of request fields, as
 * Korean time; null for anything else, a day that does not exist included.
 */
export function parseKoreanLocalTime(text: string): number | null {
  const time = Date.parse(`${text}+09:00`);
  return Number.isFinite(time) && toKoreanTime(time) === `${text}+09:00`
    ? time
    : null;
}
