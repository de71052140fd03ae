import { z } from "zod";
import type { Encrypted, Keyring } from "../../security/encryption.ts";

const refundAccount = z.object({
  bank: z.string(),
  accountNumber: z.string(),
  holderName: z.string(),
});

/** Where the money of a virtual account goes back to; `bank` is Toss's code. */
export type RefundAccount = z.output<typeof refundAccount>;

/** Encrypts a refund account so that only its own operation can open it. */
export function sealRefundAccount(
  keyring: Keyring,
  account: RefundAccount,
  operationId: string,
): Promise<Encrypted> {
  return keyring.encrypt(JSON.stringify(account), operationId);
}

/** Opens what {@link sealRefundAccount} made; @throws DecryptionError when its key is gone. */
export async function openRefundAccount(
  keyring: Keyring,
  secret: Encrypted,
  operationId: string,
): Promise<RefundAccount> {
  return refundAccount.parse(
    JSON.parse(await keyring.decrypt(secret, operationId)),
  );
}
