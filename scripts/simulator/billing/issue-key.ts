import type { SimulatorState } from "../state.ts";
import type { BillingKey } from "./billing-key.ts";
import type { BillingAuthorization } from "./billing-state.ts";
import { digestOf, newBillingKey } from "./identifiers.ts";

/** Issues a billing key; one card may have several. */
export function issueKey(
  state: SimulatorState,
  authorization: Omit<BillingAuthorization, "authKey" | "keyPair">,
): BillingKey {
  const billingKey = newBillingKey();
  const key: BillingKey = {
    billingKey,
    keyDigest: digestOf(billingKey),
    customerKey: authorization.customerKey,
    card: authorization.card,
    authenticatedAt: authorization.authenticatedAt,
    issuedAt: state.clock.now(),
    deletedAt: null,
  };
  state.billing.keys.set(billingKey, key);
  return key;
}
