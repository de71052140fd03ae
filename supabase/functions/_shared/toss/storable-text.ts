/**
 * A copy of a text that Postgres can store.
 *
 * text and jsonb refuse U+0000, and jsonb unpaired surrogates, both of which JSON allows; what somebody sent must not
 * be lost over either, so both become U+FFFD.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

const CHARACTERS = new Intl.Segmenter("ko", { granularity: "grapheme" });

/**
 * The beginning of a text, at most so many UTF-16 units, which is how JavaScript and Toss count.
 *
 * It never ends inside of what people see as one character, unless that one alone is longer, and never in the middle
 * of a surrogate pair, which nothing could store.
 */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  for (const { index, segment } of CHARACTERS.segment(text)) {
    if (index + segment.length > limit) break;
    end = index + segment.length;
  }
  if (end > 0) return text.slice(0, end);
  const isSplit = text.slice(limit - 1, limit + 1).isWellFormed() &&
    !text.slice(limit - 1, limit).isWellFormed();
  return text.slice(0, isSplit ? limit - 1 : limit);
}
