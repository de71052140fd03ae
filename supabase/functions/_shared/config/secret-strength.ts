import { Buffer } from "node:buffer";
import { z } from "zod";
import { parseKeyring } from "../security/keyring-text.ts";
import { list } from "./values.ts";

/** Sixteen characters by chance are more than anybody can try. */
const SHORTEST_SECRET = 16;

/** What makes a secret no secret; null when nothing does. It cannot be judged how a text came about. */
export function weaknessOf(secret: string): string | null {
  if ([...secret].length < SHORTEST_SECRET) {
    return `must have at least ${SHORTEST_SECRET} characters`;
  }
  return new Set(secret).size === 1
    ? "repeats one character; make one up by chance (openssl rand -hex 32)"
    : null;
}

/** A text that protects something. */
export const secretText = z.string().superRefine((text, context) => {
  const message = weaknessOf(text);
  if (message !== null) context.addIssue({ code: "custom", message });
});

/** A comma-separated list of them, the newest first. */
export const secretList = list.superRefine((items, context) => {
  const message = items.map(weaknessOf).find((weakness) => weakness !== null);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** The text of `BILLING_KEY_ENCRYPTION_KEYS`; a key that can be guessed hides nothing, an old one neither. */
export const keyringText = z.string().superRefine((text, context) => {
  const parsed = parseKeyring(text);
  const message = parsed.ok
    ? keyringWeakness(parsed.entries.keys)
    : parsed.problem;
  if (message !== null) context.addIssue({ code: "custom", message });
});

function keyringWeakness(
  keys: ReadonlyMap<string, BufferSource>,
): string | null {
  const seen = new Set<string>();
  for (const [id, key] of keys) {
    const bytes = ArrayBuffer.isView(key)
      ? Buffer.from(key.buffer, key.byteOffset, key.byteLength)
      : Buffer.from(key);
    if (new Set(bytes).size === 1) {
      return `repeats one byte under "${id}"; move what it encrypts to a key made by chance (rotate-keys)`;
    }
    const hex = bytes.toString("hex");
    if (seen.has(hex)) return `holds one key under two ids, "${id}" is one`;
    seen.add(hex);
  }
  return null;
}
