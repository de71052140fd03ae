/**
 * A copy of a text that Postgres can store.
 *
 * text and jsonb refuse U+0000, and jsonb unpaired surrogates, both of which JSON allows; what somebody sent must not
 * be lost over either, so both become U+FFFD.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
