import { describeError } from "../error-codes.ts";
import type { Payment } from "../payments/payment.ts";
import type { ResultTarget } from "./window-request.ts";
import { framePage, messagePage } from "./window-page.ts";

/** How a visit to the window ended. */
export type WindowResult =
  | { kind: "paid"; payment: Payment }
  | { kind: "declined"; payment: Payment; code: string }
  | { kind: "canceled" };

/** What the result is called for the redirect and for the waiting promise. */
function failureOf(result: Exclude<WindowResult, { kind: "paid" }>) {
  if (result.kind === "canceled") {
    const code = "PAY_PROCESS_CANCELED";
    return { code, message: describeError(code).korean };
  }
  const { code, payment } = result;
  const message = describeError(code).korean;
  return { code, message, orderId: payment.orderId };
}

/** Redirects to `url` with `parameters` appended to the query it has. */
export function redirectTo(
  url: string,
  parameters: Record<string, string>,
): Response {
  const target = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    target.searchParams.append(name, value);
  }
  return new Response(null, {
    status: 303,
    headers: { location: target.href },
  });
}

function redirect(
  result: WindowResult,
  successUrl: string,
  failUrl: string,
): Response {
  if (result.kind !== "paid") return redirectTo(failUrl, failureOf(result));
  const { paymentKey, orderId, totalAmount } = result.payment;
  return redirectTo(successUrl, {
    paymentType: "NORMAL",
    orderId,
    paymentKey,
    amount: `${totalAmount}`,
  });
}

function frameMessage(result: WindowResult) {
  if (result.kind === "paid") {
    const { paymentKey, orderId, totalAmount: value } = result.payment;
    const amount = { currency: "KRW", value };
    return { type: "success", result: { paymentKey, orderId, amount } };
  }
  const failure = failureOf(result);
  // The SDK rejects with its own code when the buyer closes the window.
  const code = result.kind === "canceled" ? "USER_CANCEL" : failure.code;
  return { type: "failure", error: { ...failure, code } };
}

/**
 * Hands the result on: by redirect with the documented parameters (no
 * orderId after a cancel), by message to the page around, or as plain text.
 * Source: Toss docs, v2 integration guides.
 */
export function answerResult(
  result: WindowResult,
  target: ResultTarget,
): Response {
  const { successUrl, failUrl, origin } = target;
  if (successUrl !== undefined && failUrl !== undefined) {
    return redirect(result, successUrl, failUrl);
  }
  const page = origin === undefined
    ? messagePage(result.kind)
    : framePage(frameMessage(result), origin);
  const headers = { "content-type": "text/html; charset=utf-8" };
  return new Response(page, { headers });
}
