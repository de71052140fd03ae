import { z } from "zod";
import type { KeyPair } from "../options.ts";
import { bankSchema } from "../payments/banks.ts";
import type { SimulatorState } from "../state.ts";
import { authorizationSchema } from "./authorize-card.ts";
import { DEFAULT_ACCOUNT_NUMBER } from "./billing-account.ts";
import type { BillingAuthorization } from "./billing-state.ts";
import { newAuthKey } from "./identifiers.ts";

const { customerKey, reissuedKeyDigest } = authorizationSchema.shape;

/** A bank account and its owner, who agrees to be charged (퀵계좌이체). */
export const accountAuthorizationSchema = z.strictObject({
  customerKey,
  /** By code or Korean name. */
  bank: bankSchema.prefault("92"),
  accountNumber: z.string().regex(/^\d{10,20}$/)
    .default(DEFAULT_ACCOUNT_NUMBER),
  reissuedKeyDigest,
});

/** `accountAuthorizationSchema` after parsing. */
export type AccountAuthorization = z.output<typeof accountAuthorizationSchema>;

/** The owner authenticates an account: an authKey that buys one billing key. */
export function authorizeAccount(
  state: SimulatorState,
  keyPair: KeyPair,
  input: AccountAuthorization,
): BillingAuthorization {
  const { customerKey, bank, accountNumber, reissuedKeyDigest } = input;
  const authorization = {
    authKey: newAuthKey(),
    keyPair,
    customerKey,
    reissuedKeyDigest,
    card: null,
    account: { bankCode: bank, accountNumber },
    authenticatedAt: state.clock.now(),
  };
  state.billing.authorizations.set(authorization.authKey, authorization);
  return authorization;
}
