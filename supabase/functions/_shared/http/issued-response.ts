import type { BillingMethodView } from "../database/billing-issue.ts";
import type { SubscriptionView } from "../database/subscriptions.ts";

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
