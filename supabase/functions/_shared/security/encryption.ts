import { Buffer } from "node:buffer";
import { createHmac, hkdfSync } from "node:crypto";
import type { Bytes } from "./bytes.ts";
import { parseKeyring } from "./keyring-text.ts";

/** An encrypted text and the id of the key that opens it. */
export type Encrypted = {
  readonly keyId: string;
  /** Base64 of a 12-byte nonce, the ciphertext and the 16-byte tag. */
  readonly ciphertext: string;
};

/** Encrypts with the active key, decrypts with any key it holds. */
export type Keyring = {
  /** A stored value under another key id is due for rotation. */
  readonly activeKeyId: string;
  /** All it holds, the active one among them. */
  readonly keyIds: readonly string[];
  encrypt(plainText: string, associatedData: string): Promise<Encrypted>;
  encryptBytes(bytes: BufferSource, associatedData: string): Promise<Encrypted>;
  /** Rejects with {@linkcode DecryptionError}. */
  decryptBytes(
    encrypted: Encrypted,
    associatedData: string,
  ): Promise<Bytes>;
  /** Rejects with {@linkcode DecryptionError}. */
  decrypt(encrypted: Encrypted, associatedData: string): Promise<string>;
  /**
   * Digests that only a holder of the keys can make, one for each key, the
   * active key's first: what they were made of can be recognised but, short as
   * an account number is, not be guessed.
   */
  digests(text: string): string[];
};

/**
 * A stored value that cannot be opened: its key was removed from the keyring,
 * or the value, its key or the row it is bound to is not the original one.
 */
export class DecryptionError extends Error {
  override readonly name = "DecryptionError";
  constructor(readonly reason: "unknown_key" | "not_authentic") {
    super(
      reason === "unknown_key"
        ? "BILLING_KEY_ENCRYPTION_KEYS no longer holds the key of this value"
        : "The encrypted value does not belong to this key and row",
    );
  }
}

const NONCE_BYTES = 12;

/**
 * Makes a keyring for AES-256-GCM (NIST SP 800-38D) from the text of
 * `BILLING_KEY_ENCRYPTION_KEYS`.
 *
 * `associatedData` names the row the value belongs to; a ciphertext moved to
 * another row fails to open. Nonces are random: 96 bits allow 2^32 values a key
 * before rotation is due.
 *
 * @throws Error that names the variable and not its value.
 */
export function createKeyring(jsonText: string): Keyring {
  const parsed = parseKeyring(jsonText);
  if (!parsed.ok) {
    throw new Error(`BILLING_KEY_ENCRYPTION_KEYS ${parsed.problem}`);
  }
  const { activeKeyId, keys } = parsed.entries;
  const imported = new Map<string, Promise<CryptoKey>>();

  function keyOf(keyId: string): Promise<CryptoKey> {
    const known = imported.get(keyId);
    if (known !== undefined) return known;
    const bytes = keys.get(keyId);
    if (bytes === undefined) {
      return Promise.reject(new DecryptionError("unknown_key"));
    }
    const key = importKey(bytes);
    imported.set(keyId, key);
    return key;
  }

  const keyring: Keyring = {
    activeKeyId,
    keyIds: [...keys.keys()],
    async encryptBytes(bytes, associatedData) {
      const key = await keyOf(activeKeyId);
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await crypto.subtle.encrypt(
        algorithm(nonce, associatedData),
        key,
        bytes,
      );
      return { keyId: activeKeyId, ciphertext: toBase64(nonce, sealed) };
    },
    async encrypt(plainText, associatedData) {
      const bytes = new TextEncoder().encode(plainText);
      return await keyring.encryptBytes(bytes, associatedData);
    },
    async decryptBytes({ keyId, ciphertext }, associatedData) {
      return await open(await keyOf(keyId), ciphertext, associatedData);
    },
    async decrypt(encrypted, associatedData) {
      const bytes = await keyring.decryptBytes(encrypted, associatedData);
      return new TextDecoder().decode(bytes);
    },
    digests(text) {
      const others = [...keys].filter(([id]) => id !== activeKeyId);
      const active = keys.get(activeKeyId);
      return [
        ...(active === undefined ? [] : [active]),
        ...others.map(([, key]) => key),
      ].map((key) => digest(key, text));
    },
  };
  return keyring;
}

function digest(key: BufferSource, text: string): string {
  // A key of its own: no key is to serve two algorithms.
  const bytes = ArrayBuffer.isView(key)
    ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength)
    : new Uint8Array(key);
  const digestKey = hkdfSync("sha256", bytes, "", "digest", 32);
  return createHmac("sha256", Buffer.from(digestKey)).update(text).digest(
    "hex",
  );
}

async function open(
  key: CryptoKey,
  ciphertext: string,
  associatedData: string,
): Promise<Bytes> {
  try {
    const bytes = Uint8Array.from(atob(ciphertext), (c) => c.charCodeAt(0));
    const nonce = bytes.slice(0, NONCE_BYTES);
    const plain = await crypto.subtle.decrypt(
      algorithm(nonce, associatedData),
      key,
      bytes.slice(NONCE_BYTES),
    );
    return new Uint8Array(plain);
  } catch {
    throw new DecryptionError("not_authentic");
  }
}

function importKey(bytes: BufferSource): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
}

function algorithm(
  iv: BufferSource,
  associatedData: string,
): AesGcmParams {
  const additionalData = new TextEncoder().encode(associatedData);
  return { name: "AES-GCM", iv, additionalData };
}

function toBase64(nonce: Uint8Array, sealed: ArrayBuffer): string {
  return Buffer.concat([nonce, new Uint8Array(sealed)]).toString("base64");
}
