import { callerDigest } from "../_shared/http/client-address.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { processingResponse, redirect } from "../_shared/http/answers.ts";
import { parseInput, readJson } from "../_shared/http/read-body.ts";
import { redirectRefusal } from "../_shared/http/redirect-refusal.ts";
import { shownAccount } from "../_shared/http/shown-account.ts";
import { appUrl } from "../_shared/http/urls.ts";
import {
  confirmPayment,
  type ConfirmRequest,
} from "../_shared/operations/confirm/begin.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import type { PaymentView } from "../_shared/database/payments.ts";
import { confirmError } from "./refusal.ts";
import { confirmQuery, confirmRequest } from "./request.ts";

type Answer = ShownPayment | { status: "processing"; orderId: string };

type ShownPayment = PaymentView & {
  virtualAccount?: { bankName: string | null };
};

function shown({ virtualAccount, ...payment }: PaymentView): ShownPayment {
  return virtualAccount === undefined
    ? payment
    : { ...payment, virtualAccount: shownAccount(virtualAccount) };
}

async function confirm(
  http: Request,
  context: RequestContext,
  request: ConfirmRequest,
): Promise<Answer> {
  const result = await confirmPayment(
    createOperationContext(context, "confirm"),
    request,
    callerDigest(http, context.caller, context.services),
  );
  switch (result.kind) {
    case "confirmed":
      return shown(result.payment);
    case "processing":
      return { status: "processing", orderId: request.orderId };
    default:
      throw confirmError(result);
  }
}

/**
 * `POST confirm`: approves a payment that the buyer authenticated in the payment window.
 *
 * 200 when it is approved (again on every repeat, also after a refund), 202 while Toss's answer is not known;
 * refusals as in refusal.ts, among them a payment that was given back before anybody was told of it.
 * Source: Toss, 결제 승인 (POST /v1/payments/confirm).
 */
export const confirmByJson: Handler = async (request, context) => {
  const body = await readJson(request, confirmRequest, context.bodyLimit);
  const answer = await confirm(request, context, body);
  return answer.status === "processing"
    ? processingResponse({ orderId: answer.orderId })
    : Response.json(answer);
};

/**
 * `GET confirm`: the success URL of the payment window. Confirms, then sends the browser to the shop's success
 * page, or to its fail page with `code`, `message`, `action`, `orderId` and, where Toss refused, `tossCode`.
 */
export const confirmByRedirect: Handler = async (request, context) => {
  const { config } = context.services;
  const query = Object.fromEntries(new URL(request.url).searchParams);
  try {
    const answer = await confirm(
      request,
      context,
      parseInput(query, confirmQuery),
    );
    return redirect(appUrl(config, config.app.successPath, {
      orderId: answer.orderId,
      status: answer.status,
    }));
  } catch (thrown) {
    return redirectRefusal(request, context, {
      thrown,
      event: "confirm_refused",
      parameters: { orderId: query.orderId },
    });
  }
};
