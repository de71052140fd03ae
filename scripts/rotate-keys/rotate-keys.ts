import type { Database } from "../../supabase/functions/_shared/database/client.ts";
import {
  claimKeysToRotate,
  type RotatedKey,
  type StoredKey,
  storeRotatedKeys,
} from "./stored-keys.ts";
import {
  DecryptionError,
  type Keyring,
} from "../../supabase/functions/_shared/security/encryption.ts";

/** What a rotation did. */
export interface RotationResult {
  rotated: number;
  /** Values that no key of the keyring opens; they stay as they are. */
  unreadable: { store: string; id: string; keyId: string; reason: string }[];
}

/** What a rotation needs. */
export interface RotationOptions {
  database: Database;
  keyring: Keyring;
  /** Values a batch, each batch one transaction. */
  batchSize: number;
  /** Told after each batch how many values are still to be done. */
  onBatch?: (progress: { rotated: number; remaining: number }) => void;
}

/**
 * Encrypts every stored key anew that another key than the active one encrypts, batch after batch, while the
 * functions go on working.
 *
 * A value is replaced only if it still is what was read; whatever changed meanwhile is taken again. It can be
 * cut and repeated. Once it has reported none unreadable, the old key may leave BILLING_KEY_ENCRYPTION_KEYS.
 */
export async function rotateKeys(
  { database, keyring, batchSize, onBatch }: RotationOptions,
): Promise<RotationResult> {
  const result: RotationResult = { rotated: 0, unreadable: [] };
  while (true) {
    const { keys, remaining } = await claimKeysToRotate(database, {
      activeKeyId: keyring.activeKeyId,
      limit: batchSize,
      skip: result.unreadable.map(({ id }) => id),
    });
    if (keys.length === 0) return result;
    const attempts = await Promise.all(
      keys.map((key) => rotateKey(keyring, key)),
    );
    const rotated = attempts.filter((attempt) => "ciphertext" in attempt);
    result.unreadable.push(
      ...attempts.filter((attempt) => "reason" in attempt),
    );
    const { stored } = await storeRotatedKeys(database, rotated);
    result.rotated += stored;
    onBatch?.({ rotated: result.rotated, remaining });
  }
}

async function rotateKey(
  keyring: Keyring,
  stored: StoredKey,
): Promise<RotatedKey | RotationResult["unreadable"][number]> {
  const { store, id, keyId, ciphertext, associatedData } = stored;
  try {
    // Bytes, because a webhook's body need not be text.
    const plain = await keyring.decryptBytes(
      { keyId, ciphertext },
      associatedData,
    );
    return {
      store,
      id,
      fromKeyId: keyId,
      fromCiphertext: ciphertext,
      ...await keyring.encryptBytes(plain, associatedData),
    };
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    return { store, id, keyId, reason: error.reason };
  }
}
