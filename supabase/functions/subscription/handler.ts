import {
  alreadySubscribed,
  declinedError,
  issuedResponse,
  planChanged,
  tooManyAttempts,
} from "../_shared/http/billing-answers.ts";
import { performChargeNow } from "../_shared/operations/charge/begin.ts";
import { refundPeriod } from "../_shared/operations/cancel/refund-period.ts";
import {
  changeSubscription,
  type ChangeSubscriptionAnswer,
  previewSubscriptionChange,
} from "../_shared/database/change-subscription.ts";
import {
  answerConsentLink,
  type ConsentView,
  readConsent,
} from "../_shared/database/consents.ts";
import { subscribe } from "../_shared/database/subscribe-with-method.ts";
import { AppError } from "../_shared/http/app-error.ts";
import { requireUser } from "../_shared/http/authenticate.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { processingResponse } from "../_shared/http/answers.ts";
import { writeConsent } from "../_shared/notices/consent-text.ts";
import { readConsentToken } from "../_shared/security/consent-token.ts";
import { parseInput, readJson } from "../_shared/http/read-body.ts";
import {
  createOperationContext,
  newLease,
  type OperationContext,
} from "../_shared/operations/context.ts";
import { consentNotOpen, refundError, subscriptionError } from "./refusal.ts";
import {
  consentLinkQuery,
  consentLinkRequest,
  type SubscribeRequest,
  type SubscriptionRequest,
  subscriptionRequest,
} from "./request.ts";

/**
 * `POST subscription`: what a user asks of an own subscription, or an operator of any; and a new one.
 *
 * 200 with the subscription, or with `preview` what would become of it; 202 while Toss's answer to the charge or refund it needs is not known. Errors:
 * `subscription_not_found`, `plan_not_found`, `billing_method_not_found`, `already_subscribed`,
 * `operation_in_progress`, `consent_not_open`, `too_many_attempts`, `payment_confirm_failed`, `forbidden` (a user asks for a refund),
 * `cancel_failed` and `cancel_amount_exceeds_balance` (it has ended, a refund was refused), and `invalid_request` for
 * a move that the subscription's status does not allow (docs/subscriptions.md).
 */
export const change: Handler = async (request, context) => {
  const { caller } = context;
  if (caller.kind !== "secret") requireUser(caller);
  const body = await readJson(request, subscriptionRequest, context.bodyLimit);
  if (body.action === "subscribe") {
    return body.preview
      ? await showPreview(context, body)
      : await subscribeToPlan(context, body);
  }
  if (caller.kind === "user" && body.refund === "prorated") {
    throw new AppError(
      "forbidden",
      "refund: as with POST cancel, only the shop gives money back (secret key).",
    );
  }
  if (body.preview) return await showPreview(context, body);
  const acting = createOperationContext(context, "billing");
  const answer = await changeSubscription(acting.firstCall, {
    ...body,
    ...newLease(acting),
    userId: caller.kind === "user" ? caller.userId : null,
    dunning: acting.dunning,
  });
  switch (answer.outcome) {
    case "changed":
      return Response.json(answer.subscription);
    case "charge":
      return await chargeNow(acting, answer, body.action === "change_method");
    case "refund":
      return await refundNow(acting, answer, body.refund === "prorated");
    default:
      throw changeError(answer);
  }
};

/** What a caller is told whose change our own database refused. */
function changeError(
  answer: Exclude<
    ChangeSubscriptionAnswer,
    { outcome: "changed" | "charge" | "refund" }
  >,
): AppError {
  switch (answer.outcome) {
    case "illegal":
      return new AppError("invalid_request", `action: ${answer.reason}`, {
        details: [{
          field: "action",
          problem: `${answer.reason} (status ${answer.status})`,
        }],
      });
    case "already_subscribed":
      return alreadySubscribed(answer);
    case "too_many_attempts":
      return tooManyAttempts(answer);
    default:
      return subscriptionError(answer.outcome);
  }
}

/** What a change or a new subscription would charge, give back and become; asks nobody and leaves nothing. */
async function showPreview(
  context: RequestContext,
  { preview: _, ...body }: SubscriptionRequest,
): Promise<Response> {
  const { caller } = context;
  const acting = createOperationContext(context, "billing");
  const answer = await previewSubscriptionChange(acting.firstCall, {
    ...body,
    ...newLease(acting),
    userId: caller.kind === "user" ? caller.userId : null,
    dunning: acting.dunning,
  });
  switch (answer.outcome) {
    case "preview": {
      const { outcome: _, ...shown } = answer;
      return Response.json({ preview: true, ...shown });
    }
    case "processing":
      throw subscriptionError("operation_in_progress");
    case "plan_changed":
      throw planChanged(answer.plan);
    default:
      throw changeError(answer);
  }
}

/** @param isAsked whether the caller wants to know that one was refused; the subscription has ended either way */
async function refundNow(
  acting: OperationContext,
  { subscription, refunds }: Extract<
    ChangeSubscriptionAnswer,
    { outcome: "refund" }
  >,
  isAsked: boolean,
): Promise<Response> {
  const outcome = await refundPeriod(acting, refunds);
  if (outcome.kind === "refused" && isAsked) {
    throw refundError(outcome.code, { subscriptionId: subscription.id });
  }
  return outcome.kind === "open"
    ? processingResponse({ subscriptionId: subscription.id })
    : Response.json(subscription);
}

/** @param isChanged whether what was asked for has happened, however the charge ends */
async function chargeNow(
  acting: OperationContext,
  answer: Extract<ChangeSubscriptionAnswer, { outcome: "charge" }>,
  isChanged: boolean,
): Promise<Response> {
  const outcome = await performChargeNow(acting, answer.charge);
  if (outcome.kind === "processing") {
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

/**
 * The action `subscribe`: a plan with a card that is registered already, as after a first charge that was declined.
 *
 * 201 as `billing-issue` (again on every repeat), 202 while Toss's answer to the first charge is not known.
 *
 * @throws AppError `billing_method_not_found`, `plan_not_found`, `already_subscribed`, `payment_amount_mismatch` (the
 * plan changed since `billing-issue/prepare` showed it), `too_many_attempts`, and `payment_confirm_failed` when the first charge was declined: then the same request tries once more
 */
async function subscribeToPlan(
  context: RequestContext,
  { planId, billingMethodId }: SubscribeRequest,
): Promise<Response> {
  const { caller } = context;
  const acting = createOperationContext(context, "billing");
  const answer = await subscribe(acting.firstCall, {
    ...newLease(acting),
    planId,
    billingMethodId,
    userId: caller.kind === "user" ? caller.userId : null,
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
  const outcome = await performChargeNow(acting, answer.charge);
  switch (outcome.kind) {
    case "paid":
      return issuedResponse(answer.billingMethod, outcome.subscription);
    case "processing":
      return processingResponse({ billingMethodId });
    case "declined":
      throw declinedError(outcome.code, { billingMethodId, planId });
  }
}

function shown(consent: ConsentView, context: RequestContext): Response {
  const { isLinkUsed, ...rest } = consent;
  const { shop } = context.services.config.notices;
  return Response.json({
    ...rest,
    isOpen: consent.isOpen && !isLinkUsed,
    text: {
      ko: writeConsent(consent, "ko", shop),
      en: writeConsent(consent, "en", shop),
    },
  }, { headers: { "cache-control": "no-store" } });
}

/** The id that a token was signed for. @throws AppError `consent_not_open` for anything else */
async function idOf(token: string, context: RequestContext): Promise<string> {
  const id = await readConsentToken(context.services.consentSigner, token);
  if (id === null) throw consentNotOpen();
  return id;
}

/**
 * `GET subscription/consent`: what the link of a notice asks. Changes nothing, because mail scanners open links.
 *
 * @throws AppError `consent_not_open` for a token that is none of ours
 */
export const showLink: Handler = async (request, context) => {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const { token } = parseInput(query, consentLinkQuery);
  const consent = await readConsent(
    context.services.database,
    await idOf(token, context),
  );
  if (consent === null) throw consentNotOpen();
  return shown(consent, context);
};

/**
 * `POST subscription/consent`: answers a request through the link of a notice, once.
 *
 * @throws AppError `consent_not_open` when the link was used, has expired or is none of ours, and when the request was
 * replaced or decided for good
 */
export const answerLink: Handler = async (request, context) => {
  const { token, action } = await readJson(
    request,
    consentLinkRequest,
    context.bodyLimit,
  );
  const answer = await answerConsentLink(context.services.database, {
    consentId: await idOf(token, context),
    action,
    requestId: context.requestId,
  });
  if (answer.outcome === "consent_not_open") throw consentNotOpen();
  return shown(answer.consent, context);
};
