import { DecryptionError, type Encrypted } from "../security/encryption.ts";
import type { OperationContext } from "./context.ts";
import { noProof } from "./no-proof.ts";

/** What is noted of an operation whose key cannot be opened; nothing was sent, so its Idempotency-Key stays good. */
export const UNREADABLE_KEY = noProof(
  "ENCRYPTION_KEY_MISSING",
  "BILLING_KEY_ENCRYPTION_KEYS cannot open what is stored; put the missing key back.",
);

/**
 * Opens an encrypted billing key or authKey.
 *
 * @returns null when this installation's keys do not open it: our mistake, which no customer is to pay for
 */
export async function openKey(
  { keyring, logger }: OperationContext,
  encrypted: Encrypted,
  associatedData: string,
): Promise<string | null> {
  try {
    return await keyring.decrypt(encrypted, associatedData);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    logger.error("key_not_readable", {
      keyId: encrypted.keyId,
      subject: associatedData,
      reason: error.reason,
    });
    return null;
  }
}
