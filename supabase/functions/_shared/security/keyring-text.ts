import { z } from "zod";

/** Key ids with their 32 bytes; new values are encrypted with the active one. */
export type KeyringEntries = {
  readonly activeKeyId: string;
  readonly keys: ReadonlyMap<string, BufferSource>;
};

/** Either the parsed keyring or what is wrong with the text, without values. */
export type ParsedKeyring =
  | { readonly ok: true; readonly entries: KeyringEntries }
  | { readonly ok: false; readonly problem: string };

const KEYRING = z.record(
  z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
  z.base64(),
);
const KEY_BYTES = 32;

/**
 * Parses the text of `BILLING_KEY_ENCRYPTION_KEYS`: a JSON object of key id →
 * base64 of 32 bytes, in which the first entry is the active key.
 */
export function parseKeyring(jsonText: string): ParsedKeyring {
  const parsed = KEYRING.safeParse(parseJson(jsonText));
  if (!parsed.success) {
    return problem(
      "must be a JSON object of key id (letters, digits, dot, dash) to the " +
        'base64 of 32 bytes, e.g. {"2026-01": "…"}',
    );
  }
  const keys = new Map(
    Object.entries(parsed.data).map(([id, text]) => [id, bytesOf(text)]),
  );
  const activeKeyId = firstName(jsonText);
  if (activeKeyId === null || !keys.has(activeKeyId)) {
    return problem("must hold at least one key");
  }
  for (const [id, bytes] of keys) {
    if (bytes.byteLength !== KEY_BYTES) {
      return problem(
        `holds ${bytes.byteLength} bytes under "${id}"; AES-256 needs ` +
          `${KEY_BYTES} (openssl rand -base64 32)`,
      );
    }
  }
  return { ok: true, entries: { activeKeyId, keys } };
}

function problem(text: string): ParsedKeyring {
  return { ok: false, problem: text };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// JavaScript moves integer-like names to the front of an object, so the order
// is read from the text: with {"2": …, "1": …} the active key is "2".
function firstName(jsonText: string): string | null {
  const token = /^\s*\{\s*("(?:[^"\\]|\\.)*")\s*:/.exec(jsonText)?.[1];
  return token === undefined ? null : z.string().parse(JSON.parse(token));
}

function bytesOf(base64: string): BufferSource {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
