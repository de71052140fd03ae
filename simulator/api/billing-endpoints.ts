import { isWidgetPair } from "../merchant.ts";
import { chargeBillingKey } from "./charge-billing-key.ts";
import { deleteBillingKey } from "./delete-billing-key.ts";
import type { Endpoint } from "./endpoint.ts";
import { issueBillingKeyByCard } from "./issue-billing-key-by-card.ts";
import { issueBillingKey } from "./issue-billing-key.ts";

/** Only the API keys open billing; which code the others get is not documented. */
function forApiKeys(handle: Endpoint["handle"]): Endpoint["handle"] {
  return (call) =>
    isWidgetPair(call.keyPair)
      ? { kind: "refused", code: "FORBIDDEN_REQUEST" }
      : handle(call);
}

const KEY_PATH = /^\/v1\/billing\/([^/]+)$/;

/** The routes of billing (자동결제). */
export const BILLING_ENDPOINTS: readonly Endpoint[] = [
  {
    method: "POST",
    path: /^\/v1\/billing\/authorizations\/issue$/,
    handle: forApiKeys(issueBillingKey),
  },
  {
    method: "POST",
    path: /^\/v1\/billing\/authorizations\/card$/,
    handle: forApiKeys(issueBillingKeyByCard),
  },
  { method: "POST", path: KEY_PATH, handle: forApiKeys(chargeBillingKey) },
  { method: "DELETE", path: KEY_PATH, handle: forApiKeys(deleteBillingKey) },
];
