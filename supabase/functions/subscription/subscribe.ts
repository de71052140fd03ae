import { performChargeNow } from "../_shared/billing/perform-charge.ts";
import { subscribe } from "../_shared/database/change-subscription.ts";
import { alreadySubscribed } from "../_shared/http/already-subscribed.ts";
import type { RequestContext } from "../_shared/http/create-function.ts";
import { declinedError } from "../_shared/http/declined-error.ts";
import { issuedResponse } from "../_shared/http/issued-response.ts";
import { planChanged } from "../_shared/http/plan-changed.ts";
import { processingResponse } from "../_shared/http/processing.ts";
import { tooManyAttempts } from "../_shared/http/too-many-attempts.ts";
import { createOperationContext } from "../_shared/operations/create-context.ts";
import { subscriptionError } from "./refusal.ts";
import type { SubscribeRequest } from "./request.ts";

/**
 * The action `subscribe`: a plan with a card that is registered already, as after a first charge that was declined.
 *
 * 201 as `billing-issue` (again on every repeat), 202 while Toss's answer to the first charge is not known.
 *
 * @throws AppError `billing_method_not_found`, `plan_not_found`, `already_subscribed`, `payment_amount_mismatch` (the
 * plan changed since `billing-issue/prepare` showed it), `too_many_attempts`, and `payment_confirm_failed` when the first charge was declined: then the same request tries once more
 */
export async function subscribeToPlan(
  context: RequestContext,
  { planId, billingMethodId }: SubscribeRequest,
): Promise<Response> {
  const { services, caller, requestId } = context;
  const answer = await subscribe(services.database, {
    planId,
    billingMethodId,
    userId: caller.kind === "user" ? caller.userId : null,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: services.leaseSeconds,
    mode: services.config.toss.mode,
    requestId,
  });
  switch (answer.outcome) {
    case "subscribed":
      return issuedResponse(answer.billingMethod, answer.subscription);
    case "processing":
      return processingResponse({ billingMethodId });
    case "already_subscribed":
      throw alreadySubscribed(answer, { billingMethodId, planId });
    case "plan_changed":
      throw planChanged(answer.plan, { billingMethodId });
    case "too_many_attempts":
      throw tooManyAttempts(answer);
    case "charge":
      break;
    default:
      throw subscriptionError(answer.outcome);
  }
  const outcome = await performChargeNow(
    createOperationContext(context, "billing"),
    answer.charge,
  );
  switch (outcome.kind) {
    case "paid":
      return issuedResponse(answer.billingMethod, outcome.subscription);
    case "unknown":
      return processingResponse({ billingMethodId });
    case "declined":
      throw declinedError(outcome.code, { billingMethodId, planId });
  }
}
