import {
  issueBillingKey,
  type IssueRequest,
} from "../_shared/billing/issue-billing-key.ts";
import type { IssueOutcome } from "../_shared/billing/issue-outcome.ts";
import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import { callerDigest } from "../_shared/http/caller-digest.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { issuedResponse } from "../_shared/http/issued-response.ts";
import { processingResponse } from "../_shared/http/processing.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { requireUser } from "../_shared/http/require-user.ts";
import { createOperationContext } from "../_shared/operations/create-context.ts";
import { issueError, localIssueError, planError } from "./refusal.ts";
import { issueRequest } from "./request.ts";

/** A registration that was not refused. */
export type Registered = Exclude<IssueOutcome, { kind: "refused" }>;

/**
 * Registers a billing method for a user.
 *
 * @throws AppError `customer_key_mismatch`, `plan_not_found`, `already_subscribed`, `payment_amount_mismatch` (the plan
 * changed after `prepare`), `billing_issue_failed`, and `payment_confirm_failed` when the method is registered but the plan's first charge was declined
 */
export async function register(
  http: Request,
  context: RequestContext,
  request: Omit<IssueRequest, "caller">,
): Promise<Registered> {
  const caller = callerDigest(http, context.caller, context.services);
  const result = await issueBillingKey(
    createOperationContext(context, "billing"),
    { ...request, caller },
    context.services.database,
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
  const body = await readJson(
    request,
    issueRequest,
    MAXIMUM_BODY_BYTES["billing-issue"],
  );
  const result = await register(request, context, { ...body, userId });
  if (result.kind === "processing") return processingResponse({});
  const { billingMethod, subscription, plan } = result;
  if (plan?.kind === "processing") {
    return processingResponse({ billingMethodId: billingMethod.id });
  }
  return issuedResponse(billingMethod, subscription);
};
