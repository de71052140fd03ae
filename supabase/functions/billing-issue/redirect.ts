import {
  type BillingState,
  readBillingState,
} from "../_shared/billing/state-token.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { parseInput } from "../_shared/http/read-body.ts";
import { redirect } from "../_shared/http/redirect.ts";
import { redirectRefusal } from "../_shared/http/redirect-refusal.ts";
import { appUrl } from "../_shared/http/urls.ts";
import { register, type Registered } from "./handler.ts";
import { issueQuery } from "./request.ts";

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
    const state = await readState(context, query.state);
    planId = state.planId;
    const { authKey, customerKey } = parseInput(query, issueQuery);
    if (customerKey !== state.customerKey) {
      throw new AppError(
        "customer_key_mismatch",
        "customerKey is not the one the state was made for.",
      );
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

const START_OVER = {
  action: "start_over",
  userMessage: {
    ko: "결제 수단 등록 시간이 지났어요. 처음부터 다시 등록해 주세요.",
    en:
      "The time to register has passed. Please register the payment method again.",
  },
} as const;

async function readState(
  { services }: RequestContext,
  token: string | undefined,
): Promise<BillingState> {
  const read = await readBillingState(
    services.billingStateSigner,
    token ?? "",
    Date.now(),
  );
  switch (read.outcome) {
    case "valid":
      return read.state;
    case "expired":
      throw new AppError(
        "unauthorized",
        "state has expired; call billing-issue/prepare again.",
        START_OVER,
      );
    case "forged":
      throw new AppError(
        "unauthorized",
        "state is not one of billing-issue/prepare.",
        START_OVER,
      );
  }
}
