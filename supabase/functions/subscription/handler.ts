import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import { alreadySubscribed } from "../_shared/http/already-subscribed.ts";
import { declinedError } from "../_shared/http/declined-error.ts";
import { performChargeNow } from "../_shared/billing/perform-charge.ts";
import { refundPeriod } from "../_shared/billing/refund-period.ts";
import {
  changeSubscription,
  type ChangeSubscriptionAnswer,
} from "../_shared/database/change-subscription.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { processingResponse } from "../_shared/http/processing.ts";
import { tooManyAttempts } from "../_shared/http/too-many-attempts.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { createOperationContext } from "../_shared/operations/create-context.ts";
import { refundError, subscriptionError } from "./refusal.ts";
import { subscriptionRequest } from "./request.ts";
import { subscribeToPlan } from "./subscribe.ts";

/**
 * `POST subscription`: what a user asks of an own subscription, or an operator of any; and a new one (subscribe.ts).
 *
 * 200 with the subscription; 202 while Toss's answer to the charge or refund it needs is not known. Errors:
 * `subscription_not_found`, `plan_not_found`, `billing_method_not_found`, `already_subscribed`,
 * `operation_in_progress`, `too_many_attempts`, `payment_confirm_failed`, `forbidden` (a user asks for a refund),
 * `cancel_failed` and `cancel_amount_exceeds_balance` (it has ended, a refund was refused), and `invalid_request` for
 * a move that the subscription's status does not allow (docs/subscriptions.md).
 */
export const change: Handler = async (request, context) => {
  const { services, caller, requestId } = context;
  const body = await readJson(
    request,
    subscriptionRequest,
    MAXIMUM_BODY_BYTES.subscription,
  );
  if (body.action === "subscribe") return await subscribeToPlan(context, body);
  if (caller.kind === "user" && body.refund === "prorated") {
    throw new AppError(
      "forbidden",
      "refund: as with POST cancel, only the shop gives money back (secret key).",
    );
  }
  const answer = await changeSubscription(services.database, {
    ...body,
    userId: caller.kind === "user" ? caller.userId : null,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: services.leaseSeconds,
    mode: services.config.toss.mode,
    dunning: services.config.dunning,
    requestId,
  });
  switch (answer.outcome) {
    case "changed":
      return Response.json(answer.subscription);
    case "charge":
      return await chargeNow(context, answer, body.action === "change_method");
    case "refund":
      return await refundNow(context, answer, body.refund === "prorated");
    case "illegal":
      throw new AppError("invalid_request", `action: ${answer.reason}`, {
        details: [{
          field: "action",
          problem: `${answer.reason} (status ${answer.status})`,
        }],
      });
    case "already_subscribed":
      throw alreadySubscribed(answer);
    case "too_many_attempts":
      throw tooManyAttempts(answer);
    default:
      throw subscriptionError(answer.outcome);
  }
};

/** @param isAsked whether the caller wants to know that one was refused; the subscription has ended either way */
async function refundNow(
  context: RequestContext,
  { subscription, refunds }: Extract<
    ChangeSubscriptionAnswer,
    { outcome: "refund" }
  >,
  isAsked: boolean,
): Promise<Response> {
  const outcome = await refundPeriod(
    createOperationContext(context, "billing"),
    refunds,
  );
  if (outcome.kind === "refused" && isAsked) {
    throw refundError(outcome.code, { subscriptionId: subscription.id });
  }
  return outcome.kind === "open"
    ? processingResponse({ subscriptionId: subscription.id })
    : Response.json(subscription);
}

/** @param isChanged whether what was asked for has happened, however the charge ends */
async function chargeNow(
  context: RequestContext,
  answer: Extract<ChangeSubscriptionAnswer, { outcome: "charge" }>,
  isChanged: boolean,
): Promise<Response> {
  const outcome = await performChargeNow(
    createOperationContext(context, "billing"),
    answer.charge,
  );
  if (outcome.kind === "unknown") {
    return processingResponse({ subscriptionId: answer.subscription.id });
  }
  if (outcome.kind === "declined" && !isChanged) {
    throw declinedError(outcome.code, {
      billingMethodId: outcome.billingMethodId ??
        answer.charge.billingMethodId,
      subscriptionId: answer.subscription.id,
    });
  }
  return Response.json(outcome.subscription ?? answer.subscription);
}
