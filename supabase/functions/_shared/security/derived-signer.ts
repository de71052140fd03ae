import { parseKeyring } from "./keyring-text.ts";

/** Signs short texts with a key of its own, derived from the keyring's active key. */
export type DerivedSigner = {
  sign(text: string): Promise<string>;
  /** True for a signature under any key of the keyring, so that a rotation invalidates nothing. */
  isSignatureOf(text: string, signature: string): Promise<boolean>;
};

const encode = (text: string) => new TextEncoder().encode(text);

/**
 * Makes a signer for HMAC-SHA256 whose keys are derived with HKDF-SHA256 (RFC 5869) from those of
 * `BILLING_KEY_ENCRYPTION_KEYS`.
 *
 * One purpose's signatures mean nothing to another, and none of them weakens the encryption.
 *
 * @param purpose the `info` of HKDF
 * @throws Error that names the variable and not its value.
 */
export function createDerivedSigner(
  keyringText: string,
  purpose: string,
): DerivedSigner {
  const parsed = parseKeyring(keyringText);
  if (!parsed.ok) {
    throw new Error(`BILLING_KEY_ENCRYPTION_KEYS ${parsed.problem}`);
  }
  const { activeKeyId, keys } = parsed.entries;
  const derived = new Map<string, Promise<CryptoKey>>();

  function keyOf(keyId: string): Promise<CryptoKey> {
    const known = derived.get(keyId);
    if (known !== undefined) return known;
    const bytes = keys.get(keyId);
    if (bytes === undefined) throw new RangeError(`there is no key ${keyId}`);
    const key = deriveKey(bytes, purpose);
    derived.set(keyId, key);
    return key;
  }

  return {
    async sign(text) {
      const key = await keyOf(activeKeyId);
      const bytes = await crypto.subtle.sign("HMAC", key, encode(text));
      return toBase64Url(new Uint8Array(bytes));
    },
    async isSignatureOf(text, signature) {
      const bytes = fromBase64Url(signature);
      if (bytes === null) return false;
      // verify() compares in constant time, and every key is asked.
      const answers = await Promise.all(
        [...keys.keys()].map(async (keyId) =>
          await crypto.subtle.verify(
            "HMAC",
            await keyOf(keyId),
            bytes,
            encode(text),
          )
        ),
      );
      return answers.includes(true);
    },
  };
}

async function deriveKey(
  bytes: BufferSource,
  purpose: string,
): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", bytes, "HKDF", false, [
    "deriveKey",
  ]);
  return await crypto.subtle.deriveKey(
    {
      name: "HKDF",
      hash: "SHA-256",
      salt: new Uint8Array(0),
      info: encode(purpose),
    },
    material,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign", "verify"],
  );
}

/** Base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-")
    .replaceAll("/", "_").replace(/=+$/, "");
}

/** The bytes of a {@link toBase64Url} text; null when it is none. */
export function fromBase64Url(text: string): BufferSource | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  try {
    const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
