import { prepareBilling } from "../_shared/database/billing-issue.ts";
import { issuedResponse } from "../_shared/http/billing-answers.ts";
import { processingResponse, redirect } from "../_shared/http/answers.ts";
import { requireUser } from "../_shared/http/authenticate.ts";
import { callerDigest } from "../_shared/http/client-address.ts";
import { requireKeys } from "../_shared/http/chosen-keys.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { parseInput, readJson } from "../_shared/http/read-body.ts";
import { redirectRefusal } from "../_shared/http/redirect-refusal.ts";
import { appUrl, functionUrl } from "../_shared/http/urls.ts";
import { deleteBillingMethod } from "../_shared/operations/billing-delete/begin.ts";
import {
  issueBillingKey,
  type IssueRequest,
} from "../_shared/operations/billing-issue/begin.ts";
import type { IssueOutcome } from "../_shared/operations/billing-issue/finish.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import {
  readBillingState,
  writeBillingState,
} from "../_shared/security/billing-state.ts";
import {
  keysOf,
  keysOfBilling,
  type TossKeys,
} from "../_shared/toss/key-pairs.ts";
import {
  customerKeyDiffers,
  issueError,
  localIssueError,
  methodNotFound,
  planError,
  stateError,
} from "./refusal.ts";
import {
  deleteRequest,
  issueQuery,
  issueRequest,
  prepareRequest,
} from "./request.ts";

/**
 * `POST billing-issue/prepare`: answers what a page needs to open the registration window (the SDK's
 * `requestBillingAuth`) for its user, and checks the plan before a card or an account is asked for.
 */
export const prepare: Handler = async (request, context) => {
  const { services, caller } = context;
  const { config, billingStateSigner } = services;
  const userId = requireUser(caller);
  const { planId, method } = await readJson(
    request,
    prepareRequest,
    context.bodyLimit,
  );
  const { keys, clientKey } = requireKeys(keysOfBilling(config.toss.pairs));
  const prepared = await prepareBilling(services.database, {
    userId,
    planId,
    method,
    mode: config.toss.mode,
  });
  if (prepared.outcome !== "prepared") throw localIssueError(prepared);
  const { customerKey, planTerms } = prepared;
  const state = await writeBillingState(
    billingStateSigner,
    {
      userId,
      customerKey,
      planId,
      shownTerms: planTerms ?? undefined,
      tossKeys: keys === "billing" ? "billing" : "main",
    },
    Date.now(),
  );
  const successUrl = new URL(functionUrl(config, "billing-issue"));
  successUrl.searchParams.set("state", state);
  return Response.json({
    method,
    customerKey,
    clientKey,
    successUrl: successUrl.href,
    failUrl: appUrl(config, config.app.failPath, {}),
  });
};

/** A registration that was not refused. */
type Registered = Exclude<IssueOutcome, { kind: "refused" }>;

/**
 * Registers a billing method for a user.
 *
 * @throws AppError `customer_key_mismatch`, `plan_not_found`, `already_subscribed`, `payment_amount_mismatch` (the plan
 * changed after `prepare`), `billing_issue_failed`, and `payment_confirm_failed` when the method is registered but the plan's first charge was declined
 */
async function register(
  http: Request,
  context: RequestContext,
  { tossKeys, ...request }:
    & Omit<
      IssueRequest,
      "caller" | "tossKeys" | "tossClientKey"
    >
    & {
      /** The pair whose window was opened; absent = who asks cannot tell. */
      tossKeys?: TossKeys | undefined;
    },
): Promise<Registered> {
  const { pairs } = context.services.config.toss;
  // A billing pair may have been set while the window was open; to it Toss knows no authKey of the other.
  const { keys, clientKey } = requireKeys(
    tossKeys === undefined ? keysOfBilling(pairs) : keysOf(pairs, tossKeys),
  );
  const caller = callerDigest(http, context.caller, context.services);
  const result = await issueBillingKey(
    createOperationContext(context, "billing"),
    { ...request, caller, tossKeys: keys, tossClientKey: clientKey },
  );
  switch (result.kind) {
    case "refused_locally":
      throw localIssueError(result.refusal);
    case "refused":
      throw issueError(result);
    case "processing":
      return result;
    case "issued": {
      const error = planError(result, request.planId);
      if (error !== null) throw error;
      return result;
    }
  }
}

/**
 * `POST billing-issue`: turns the authKey of the registration window into a billing method; with `planId` it
 * subscribes and charges the first period, or starts the trial.
 *
 * 201 when it is done (again on every repeat), 202 while Toss's answer is not known.
 */
export const issueByJson: Handler = async (request, context) => {
  const userId = requireUser(context.caller);
  const body = await readJson(request, issueRequest, context.bodyLimit);
  const result = await register(request, context, { ...body, userId });
  if (result.kind === "processing") return processingResponse({});
  const { billingMethod, subscription, plan } = result;
  if (plan?.kind === "processing") {
    return processingResponse({ billingMethodId: billingMethod.id });
  }
  return issuedResponse(billingMethod, subscription);
};

/**
 * `GET billing-issue`: the success URL of the registration window. Registers, then sends the browser to the shop's
 * success page, or to its fail page with `code`, `message`, `action`, `planId` and, where they exist,
 * `billingMethodId`, `tossCode` and `amount` (what a plan costs that has changed meanwhile).
 *
 * The signed state proves for whom; authKey and customerKey alone prove nothing.
 */
export const issueByRedirect: Handler = async (request, context) => {
  const { config } = context.services;
  const query = Object.fromEntries(new URL(request.url).searchParams);
  let planId: string | undefined;
  try {
    const read = await readBillingState(
      context.services.billingStateSigner,
      query.state ?? "",
      Date.now(),
    );
    if (read.outcome !== "valid") throw stateError(read.outcome);
    const { state } = read;
    planId = state.planId;
    const { authKey, customerKey } = parseInput(query, issueQuery);
    if (customerKey !== state.customerKey) {
      throw customerKeyDiffers();
    }
    const result = await register(request, context, { ...state, authKey });
    return redirect(appUrl(config, config.app.successPath, {
      ...pageOf(result),
      planId,
    }));
  } catch (thrown) {
    return redirectRefusal(request, context, {
      thrown,
      event: "billing_issue_refused",
      parameters: { planId },
    });
  }
};

function pageOf(result: Registered): Record<string, string | undefined> {
  if (result.kind === "processing") return { status: "processing" };
  const isCharging = result.plan?.kind === "processing";
  return {
    status: isCharging ? "processing" : result.subscription?.status ?? "issued",
    billingMethodId: result.billingMethod.id,
    subscriptionId: result.subscription?.id,
  };
}

/**
 * `DELETE billing-issue`: takes a billing method out of use, for its user or for an operator.
 *
 * From the first database call on it is never charged again; when Toss does not remove its key at once, the
 * worker sees to it. A repeat answers the same.
 */
export const deleteMethod: Handler = async (request, context) => {
  const { caller } = context;
  const userId = caller.kind === "secret" ? null : requireUser(caller);
  const { billingMethodId } = await readJson(
    request,
    deleteRequest,
    context.bodyLimit,
  );
  const result = await deleteBillingMethod(
    createOperationContext(context, "billing"),
    { billingMethodId, userId },
  );
  if (result.kind === "method_not_found") throw methodNotFound();
  return Response.json({ billingMethodId, status: "deleted" });
};
