import type { SimulatorState } from "../state.ts";
import type { BillingKey } from "./billing-key.ts";
import type { BillingAuthorization } from "./billing-state.ts";
import { digestOf, newBillingKey } from "./identifiers.ts";

/** Issues a billing key; one card or account may have several, and Toss does not say that a key is issued only once. */
export function issueKey(
  state: SimulatorState,
  authorization: Omit<BillingAuthorization, "authKey">,
): BillingKey {
  const known = [...state.billing.keys.values()].find(({ keyDigest }) =>
    keyDigest === authorization.reissuedKeyDigest
  );
  if (known !== undefined) {
    known.deletedAt = null;
    return known;
  }
  const billingKey = newBillingKey();
  const key: BillingKey = {
    keyPair: authorization.keyPair,
    billingKey,
    keyDigest: digestOf(billingKey),
    customerKey: authorization.customerKey,
    card: authorization.card,
    account: authorization.account,
    authenticatedAt: authorization.authenticatedAt,
    issuedAt: state.clock.now(),
    deletedAt: null,
  };
  state.billing.keys.set(billingKey, key);
  return key;
}
