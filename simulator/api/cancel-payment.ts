import { z } from "zod";
import { toKoreanMonth } from "../korean-time.ts";
import { findPayment } from "../merchant.ts";
import { applyCancel } from "../payments/apply-cancel.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { Payment } from "../payments/payment.ts";
import { taxFreeLeft } from "../payments/tax.ts";
import type { RefundReceiveAccount } from "../payments/virtual-account.ts";
import { beginRefund, hasAccount } from "../payments/virtual-account-life.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";
import { judgeRefundAccount } from "./refund-account.ts";

const amountSchema = z.int().min(0);

const bodySchema = z.object({
  cancelReason: z.string().min(1).max(200),
  cancelAmount: z.int().positive().optional(),
  taxFreeAmount: amountSchema.default(0),
  taxExemptionAmount: amountSchema.default(0),
  currency: z.literal("KRW").optional(),
  refundableAmount: amountSchema.optional(),
  // Only a virtual account has use for it, so only there it is read.
  refundReceiveAccount: z.unknown().optional(),
});

type CancelBody = z.output<typeof bodySchema>;

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * Toss docs, cancel: how long after the approval a method can be canceled.
 * A virtual account's period is the shop's setting, usually this one.
 */
const CANCEL_DAYS: Partial<Record<Payment["method"], number>> = {
  "계좌이체": 180,
  "가상계좌": 365,
};

const CANCELABLE: ReadonlySet<Payment["status"]> = new Set([
  "WAITING_FOR_DEPOSIT",
  "DONE",
  "PARTIAL_CANCELED",
]);

/** Whether the method's period for cancels has passed. */
function isTooLate(payment: Payment, now: number): boolean {
  const approvedAt = payment.approvedAt ?? now;
  const days = CANCEL_DAYS[payment.method] ?? Infinity;
  if (now - approvedAt > days * DAY_MILLISECONDS) return true;
  return payment.method === "휴대폰" &&
    toKoreanMonth(now) !== toKoreanMonth(approvedAt);
}

function refusalByState(payment: Payment, now: number): string | null {
  if (payment.status === "CANCELED") return "ALREADY_CANCELED_PAYMENT";
  if (!CANCELABLE.has(payment.status)) return "NOT_CANCELABLE_PAYMENT";
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
  // Toss codes: under escrow with its delivery registered, all or nothing.
  if (
    cancelAmount < payment.balanceAmount && payment.accountTerms.useEscrow &&
    payment.isDeliveryRegistered
  ) return "NOT_ALLOWED_PARTIAL_REFUND";
  if (
    cancelAmount < payment.balanceAmount &&
    cancelAmount < payment.discountAmount
  ) return "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT";
  if (taxFreeAmount > Math.min(taxFreeLeft(payment), cancelAmount)) {
    return "INVALID_REQUEST";
  }
  return taxExemptionAmount > 0 ? "INVALID_REQUEST" : null;
}

/** Before the deposit there is nothing to divide and nothing to send back. */
function refusalBeforeDeposit(
  payment: Payment,
  { cancelAmount = payment.balanceAmount, refundReceiveAccount }: CancelBody,
): string | null {
  if (payment.status !== "WAITING_FOR_DEPOSIT") return null;
  const isFull = cancelAmount >= payment.balanceAmount;
  const hasReceiver = (refundReceiveAccount ?? null) !== null;
  return isFull && !hasReceiver
    ? null
    : "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT";
}

/** Where the money goes: null when it returns the way it came. */
type Receiver =
  | { kind: "accepted"; receiver: RefundReceiveAccount | null }
  | { kind: "refused"; code: string };

function receiverOf(payment: Payment, body: CancelBody): Receiver {
  return hasAccount(payment) && payment.status !== "WAITING_FOR_DEPOSIT"
    ? judgeRefundAccount(body.refundReceiveAccount)
    : { kind: "accepted", receiver: null };
}

/**
 * POST /v1/payments/{paymentKey}/cancel: gives back all or a part, or gives
 * up a virtual account that nobody has paid into.
 * Source: Toss core API reference, 결제 취소; which error ends a payment
 * canceled in parts and which one canceled at once was measured.
 */
export function cancelPayment(call: EndpointCall): EndpointOutcome {
  const { state, keyPair, request } = call;
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return { kind: "refused", code: "INVALID_REQUEST" };
  const payment = findPayment(state, keyPair, call.parameters[0] ?? "");
  if (payment === undefined) {
    return { kind: "refused", code: "NOT_FOUND_PAYMENT" };
  }
  const refusal = refusalByState(payment, state.clock.now()) ??
    refusalBeforeDeposit(payment, body.data) ??
    refusalByAmount(payment, body.data);
  if (refusal !== null) return { kind: "refused", code: refusal };
  const refund = receiverOf(payment, body.data);
  if (refund.kind === "refused") return refund;
  if (refund.receiver !== null && hasAccount(payment)) {
    beginRefund(state, payment, refund.receiver);
  }
  applyCancel(state, payment, {
    reason: body.data.cancelReason,
    amount: body.data.cancelAmount ?? payment.balanceAmount,
    taxFreeAmount: body.data.taxFreeAmount,
  });
  return { kind: "value", value: paymentBody(payment, state) };
}
