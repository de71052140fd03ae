import { writeBillingState } from "../_shared/billing/state-token.ts";
import { prepareBilling } from "../_shared/database/billing-issue.ts";
import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { requireUser } from "../_shared/http/require-user.ts";
import { appUrl, functionUrl } from "../_shared/http/urls.ts";
import { localIssueError } from "./refusal.ts";
import { prepareRequest } from "./request.ts";

/**
 * `POST billing-issue/prepare`: answers what a page needs to open the registration window (the SDK's
 * `requestBillingAuth`) for its user, and checks the plan before a card is asked for.
 */
export const prepare: Handler = async (request, { services, caller }) => {
  const { config, billingStateSigner } = services;
  const userId = requireUser(caller);
  const { planId } = await readJson(
    request,
    prepareRequest,
    MAXIMUM_BODY_BYTES["billing-issue"],
  );
  const prepared = await prepareBilling(services.database, {
    userId,
    planId,
    mode: config.toss.mode,
  });
  if (prepared.outcome !== "prepared") throw localIssueError(prepared);
  const { customerKey, planTerms } = prepared;
  const state = await writeBillingState(
    billingStateSigner,
    { userId, customerKey, planId, shownTerms: planTerms ?? undefined },
    Date.now(),
  );
  const successUrl = new URL(functionUrl(config, "billing-issue"));
  successUrl.searchParams.set("state", state);
  return Response.json({
    customerKey,
    clientKey: config.toss.clientKey,
    successUrl: successUrl.href,
    failUrl: appUrl(config, config.app.failPath, {}),
  });
};
