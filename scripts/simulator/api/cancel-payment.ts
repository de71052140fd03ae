import { z } from "zod";
import { toKoreanMonth } from "../korean-time.ts";
import { applyCancel } from "../payments/apply-cancel.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { Payment } from "../payments/payment.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const amountSchema = z.int().min(0);

const bodySchema = z.object({
  cancelReason: z.string().min(1).max(200),
  cancelAmount: z.int().positive().optional(),
  taxFreeAmount: amountSchema.default(0),
  taxExemptionAmount: amountSchema.default(0),
  currency: z.literal("KRW").optional(),
  refundableAmount: amountSchema.optional(),
});

type CancelBody = z.output<typeof bodySchema>;

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Toss docs, cancel: a transfer can be canceled for 180 days. */
const TRANSFER_CANCEL_DAYS = 180;

/** Whether the method's period for cancels has passed. */
function isTooLate(payment: Payment, now: number): boolean {
  const approvedAt = payment.approvedAt ?? now;
  if (payment.method === "계좌이체") {
    return now - approvedAt > TRANSFER_CANCEL_DAYS * DAY_MILLISECONDS;
  }
  return payment.method === "휴대폰" &&
    toKoreanMonth(now) !== toKoreanMonth(approvedAt);
}

function refusalByState(payment: Payment, now: number): string | null {
  if (payment.status === "CANCELED") return "ALREADY_CANCELED_PAYMENT";
  if (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED") {
    return "NOT_CANCELABLE_PAYMENT";
  }
  if (payment.balanceAmount === 0) return "NOT_CANCELABLE_AMOUNT";
  return isTooLate(payment, now) ? "EXCEED_MAX_REFUND_DUE" : null;
}

function refusalByAmount(payment: Payment, body: CancelBody): string | null {
  const { refundableAmount, taxFreeAmount, taxExemptionAmount } = body;
  const cancelAmount = body.cancelAmount ?? payment.balanceAmount;
  if (
    refundableAmount !== undefined && refundableAmount !== payment.balanceAmount
  ) return "NOT_MATCHES_REFUNDABLE_AMOUNT";
  if (cancelAmount > payment.balanceAmount) return "NOT_CANCELABLE_AMOUNT";
  const canceledTaxFree = payment.cancels
    .reduce((sum, cancel) => sum + cancel.taxFreeAmount, 0);
  const taxFreeLeft = payment.taxFreeAmount - canceledTaxFree;
  if (taxFreeAmount > Math.min(taxFreeLeft, cancelAmount)) {
    return "INVALID_REQUEST";
  }
  return taxExemptionAmount > 0 ? "INVALID_REQUEST" : null;
}

/**
 * POST /v1/payments/{paymentKey}/cancel: gives back all or a part.
 * Source: Toss core API reference, 결제 취소; which error ends a payment
 * canceled in parts and which one canceled at once was measured.
 */
export function cancelPayment(call: EndpointCall): EndpointOutcome {
  const { state, request } = call;
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return { kind: "refused", code: "INVALID_REQUEST" };
  const payment = state.payments.get(call.parameters[0] ?? "");
  if (payment === undefined) {
    return { kind: "refused", code: "NOT_FOUND_PAYMENT" };
  }
  const refusal = refusalByState(payment, state.clock.now()) ??
    refusalByAmount(payment, body.data);
  if (refusal !== null) return { kind: "refused", code: refusal };
  applyCancel(state, payment, {
    reason: body.data.cancelReason,
    amount: body.data.cancelAmount ?? payment.balanceAmount,
    taxFreeAmount: body.data.taxFreeAmount,
  });
  return { kind: "value", value: paymentBody(payment, state.publicUrl) };
}
