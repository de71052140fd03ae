import { z } from "zod";
import { customerKeySchema } from "../billing/authorize-card.ts";
import { billingBody } from "../billing/billing-body.ts";
import type { BillingAuthorization } from "../billing/billing-state.ts";
import { issueKey } from "../billing/issue-key.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const bodySchema = z.object({
  authKey: z.string().min(1).max(300),
  customerKey: z.string().min(2),
});

function refuse(code: string): EndpointOutcome {
  return { kind: "refused", code };
}

/** Whether the authKey's time is over; Toss documents no limit. */
function isTooLate(
  { state }: EndpointCall,
  authorization: BillingAuthorization,
): boolean {
  const lifetime = state.settings.authKeyLifetimeMilliseconds;
  return lifetime !== null &&
    state.clock.now() - authorization.authenticatedAt >= lifetime;
}

/**
 * POST /v1/billing/authorizations/issue: an authKey becomes a billing key,
 * once. Whoever lost the answer gets it again with the same Idempotency-Key.
 * Source: Toss core API reference, authKey로 카드 빌링키 발급; the codes for a
 * bogus authKey and a customerKey that is too long were measured.
 */
export function issueBillingKey(call: EndpointCall): EndpointOutcome {
  const { state, request } = call;
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return refuse("INVALID_REQUEST");
  const { authKey, customerKey } = body.data;
  if (!customerKeySchema.safeParse(customerKey).success) {
    return refuse("FAILED_DB_PROCESSING");
  }
  const authorization = state.billing.authorizations.get(authKey);
  if (authorization === undefined || isTooLate(call, authorization)) {
    return refuse("NOT_FOUND_BILLING");
  }
  if (authorization.keyPair.merchantId !== call.keyPair.merchantId) {
    return refuse("NOT_FOUND_BILLING");
  }
  if (authorization.keyPair !== call.keyPair) return refuse("INVALID_API_KEY");
  if (authorization.customerKey !== customerKey) {
    return refuse("INVALID_BILLING_AUTH");
  }
  state.billing.authorizations.delete(authKey);
  const key = issueKey(state, authorization);
  const { apiVersion } = state.settings;
  return { kind: "value", value: billingBody(key, apiVersion) };
}
