import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Compares two strings in a time that does not depend on where they differ.
 *
 * Strings of any length and content can be compared: their SHA-256 digests are,
 * code unit by code unit, so neither lengths nor lone surrogates matter. Two
 * empty strings are equal; whoever compares with a configured secret makes sure
 * that it is set. The time of hashing still grows with the longer input, which
 * the caller knows anyway.
 */
export function isEqualInConstantTime(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(Buffer.from(text, "utf16le")).digest();
}
