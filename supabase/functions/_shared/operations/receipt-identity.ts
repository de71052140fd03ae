import { DecryptionError, type Encrypted } from "../security/encryption.ts";
import type { OperationContext } from "./context.ts";

/** The tax office's number for receipts that nobody asked for (국세청, 자진발급). */
export const SELF_ISSUE_NUMBER = "0100001234";

/**
 * Opens the number that a receipt is for, sealed for its operation.
 *
 * @returns null when this installation's keys do not open it: our mistake, which ends nothing
 */
export async function openIdentity(
  { keyring, logger }: OperationContext,
  secret: Encrypted,
  operationId: string,
): Promise<string | null> {
  try {
    return await keyring.decrypt(secret, operationId);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    logger.error("receipt_number_unreadable", {
      operationId,
      keyId: secret.keyId,
      reason: error.reason,
    });
    return null;
  }
}
