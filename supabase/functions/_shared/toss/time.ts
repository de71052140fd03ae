const KOREA_OFFSET_MILLISECONDS = 9 * 60 * 60 * 1000;

const TIME = /^2\d{3}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?/;
const OFFSET = /(Z|[+-]\d{2}:?\d{2})$/;

/**
 * Reads a time of Toss's objects and writes it as Toss does, `yyyy-MM-dd'T'HH:mm:ss+09:00`.
 *
 * Without an offset it is Korean time. A text that is no time becomes null: whoever compares stored times must not
 * fail over one of them. Source: Toss, core API reference (times are ISO 8601, KST).
 */
export function tossTime(text: string | null): string | null {
  if (text === null || !TIME.test(text)) return null;
  const time = Date.parse(OFFSET.test(text) ? text : `${text}+09:00`);
  if (Number.isNaN(time)) return null;
  const korean = new Date(time + KOREA_OFFSET_MILLISECONDS).toISOString();
  return `${korean.slice(0, 23).replace(/\.000$/, "")}+09:00`;
}
