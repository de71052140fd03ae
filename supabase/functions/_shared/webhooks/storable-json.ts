import { storableText } from "../toss/storable-text.ts";

/** Deeper than any event of Toss; bounds what a forged body can make the database parse. */
const MAXIMUM_DEPTH = 32;

/**
 * A copy of a JSON value that Postgres can store as jsonb.
 *
 * Texts are made storable; what is nested deeper than {@link MAXIMUM_DEPTH} becomes a note.
 */
export function storableJson(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return storableText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAXIMUM_DEPTH) return "[nested too deeply]";
  if (Array.isArray(value)) {
    return value.map((item) => storableJson(item, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [storableText(key), storableJson(item, depth + 1)]),
  );
}
