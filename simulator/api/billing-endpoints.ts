import { chargeBillingKey } from "./charge-billing-key.ts";
import { deleteBillingKey } from "./delete-billing-key.ts";
import type { Endpoint } from "./endpoint.ts";
import { issueBillingKeyByCard } from "./issue-billing-key-by-card.ts";
import { issueBillingKey } from "./issue-billing-key.ts";

const KEY_PATH = /^\/v1\/billing\/([^/]+)$/;

/** The routes of billing (자동결제). */
export const BILLING_ENDPOINTS: readonly Endpoint[] = [
  {
    method: "POST",
    path: /^\/v1\/billing\/authorizations\/issue$/,
    handle: issueBillingKey,
  },
  {
    method: "POST",
    path: /^\/v1\/billing\/authorizations\/card$/,
    handle: issueBillingKeyByCard,
  },
  { method: "POST", path: KEY_PATH, handle: chargeBillingKey },
  { method: "DELETE", path: KEY_PATH, handle: deleteBillingKey },
];
