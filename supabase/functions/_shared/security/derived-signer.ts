import { parseKeyring } from "./keyring-text.ts";

/** Signs short texts with a key of its own, derived from the keyring's active key. */
export type DerivedSigner = {
  sign(text: string): Promise<string>;
  /** True for a signature under the active key alone: a key is often retired because somebody else may know it. */
  isSignatureOf(text: string, signature: string): Promise<boolean>;
};

const encode = (text: string) => new TextEncoder().encode(text);

/**
 * Makes a signer for HMAC-SHA256 whose key is derived with HKDF-SHA256 (RFC 5869) from the active one of
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
  const bytes = keys.get(activeKeyId);
  if (bytes === undefined) throw new RangeError("there is no active key");
  let derived: Promise<CryptoKey> | undefined;
  const key = () => derived ??= deriveKey(bytes, purpose);

  return {
    async sign(text) {
      const signature = await crypto.subtle.sign(
        "HMAC",
        await key(),
        encode(text),
      );
      return toBase64Url(new Uint8Array(signature));
    },
    async isSignatureOf(text, signature) {
      const given = fromBase64Url(signature);
      // verify() compares in constant time.
      return given !== null &&
        await crypto.subtle.verify("HMAC", await key(), given, encode(text));
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
