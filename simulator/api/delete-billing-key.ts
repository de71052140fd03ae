import { findBillingKey } from "../merchant.ts";
import { announceBillingDeleted } from "../webhooks/announce-billing.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

/**
 * DELETE /v1/billing/{billingKey}: 200 without a body, as a third party
 * measured. What a second DELETE answers is not documented.
 * Source: Toss core API reference, 빌링키 삭제.
 */
export function deleteBillingKey(call: EndpointCall): EndpointOutcome {
  const { state, keyPair } = call;
  const key = findBillingKey(state, keyPair, call.parameters[0] ?? "");
  if (key === undefined || key.deletedAt !== null) {
    return { kind: "refused", code: "BILLING_KEY_NOT_FOUND" };
  }
  key.deletedAt = state.clock.now();
  if (state.settings.announceOwnDelete) {
    announceBillingDeleted(state, key.billingKey, null);
  }
  return { kind: "empty" };
}
