import type { BillingMethodView } from "../database/billing-issue.ts";
import type { SubscriptionView } from "../database/subscriptions.ts";

/** Seconds after which asking again can bring news. */
const ASK_AGAIN_SECONDS = 2;

/** 202: Toss's answer is not known yet, and the worker goes on asking. */
export function processingResponse(fields: Record<string, unknown>): Response {
  return Response.json({ status: "processing", ...fields }, {
    status: 202,
    headers: { "retry-after": String(ASK_AGAIN_SECONDS) },
  });
}

/**
 * The 201 of a billing method that is registered, and of the subscription that it pays for.
 *
 * @param subscription null when there is none
 */
export function issuedResponse(
  billingMethod: BillingMethodView,
  subscription: SubscriptionView | null,
): Response {
  return Response.json({
    billingMethodId: billingMethod.id,
    card: {
      issuerCode: billingMethod.cardIssuerCode,
      number: billingMethod.cardNumberMasked,
      cardType: billingMethod.cardType,
    },
    ...(subscription === null ? {} : { subscription }),
  }, { status: 201 });
}

/** Sends a browser on to one of the shop's pages. */
export function redirect(location: string): Response {
  return new Response(null, {
    status: 303,
    // The address that is left holds a paymentKey or authKey; it must not travel to the next page's servers.
    headers: { location, "referrer-policy": "no-referrer" },
  });
}
