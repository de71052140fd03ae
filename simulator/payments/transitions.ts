import { describeError } from "../error-codes.ts";
import { issueWithPayment } from "../receipts/receipt-life.ts";
import type { SimulatorState } from "../state.ts";
import { announcePaymentStatus } from "../webhooks/announce.ts";
import { newTransactionKey } from "./identifiers.ts";
import type { Payment } from "./payment.ts";

/** Toss docs, payment result: confirm within 10 minutes of authentication. */
const CONFIRM_MILLISECONDS = 10 * 60 * 1000;

const EXPIRED_FAILURE = {
  code: "EXPIRED_PAYMENT",
  message: "결제가 만료되었습니다. 다시 시도해주세요.",
};

/** READY → IN_PROGRESS: the buyer authenticated; 10 minutes to confirm. */
export function authenticatePayment(
  state: SimulatorState,
  payment: Payment,
): void {
  payment.cancelExpiry();
  payment.status = "IN_PROGRESS";
  payment.authenticatedAt = state.clock.now();
  payment.cancelExpiry = state.scheduler.at(
    payment.authenticatedAt + CONFIRM_MILLISECONDS,
    () => expirePayment(state, payment),
  );
}

/** READY or IN_PROGRESS → EXPIRED. */
export function expirePayment(state: SimulatorState, payment: Payment): void {
  payment.cancelExpiry();
  payment.status = "EXPIRED";
  payment.failure = EXPIRED_FAILURE;
  announcePaymentStatus(state, payment);
}

/** IN_PROGRESS → DONE: the money is taken. */
export function approvePayment(state: SimulatorState, payment: Payment): void {
  payment.cancelExpiry();
  payment.status = "DONE";
  payment.approvedAt = state.clock.now();
  payment.lastTransactionKey = newTransactionKey();
  payment.approvalKey = payment.lastTransactionKey;
  payment.approvals += 1;
  issueWithPayment(state, payment);
  announcePaymentStatus(state, payment);
}

/** IN_PROGRESS → ABORTED: the approval was refused with `code`. */
export function abortPayment(
  state: SimulatorState,
  payment: Payment,
  code: string,
): void {
  payment.cancelExpiry();
  payment.status = "ABORTED";
  payment.failure = { code, message: describeError(code).korean };
  announcePaymentStatus(state, payment);
}
