import { sha256Hex } from "../security/sha256.ts";
import { apiVersion } from "../toss/api-version.ts";
import type { TossPayment } from "../toss/payment.ts";
import { tossTime } from "../toss/time.ts";
import { paymentDetails } from "./payment-details.ts";
import { receiptsOfPayment } from "./receipt-entry.ts";

/**
 * Reduces Toss's Payment to what the database keeps.
 *
 * `secret` leaves as its SHA-256, which is all a comparison with a webhook needs; customer data stay behind,
 * and of a card everything but its hidden number and its company. The keys are those that `public.apply_payment` reads. A cancel without a key of its own leaves without one;
 * the database, which knows the entries it has, tells it from the others. An approval whose time cannot be read leaves
 * without `approvedAt`: null would say that the money is gone.
 */
export function paymentSnapshot(payment: TossPayment): Record<string, unknown> {
  // An entry of nothing moves no money, and the ledger has no place for it.
  const moving = (payment.cancels ?? []).filter(({ cancelAmount }) =>
    cancelAmount > 0
  );
  const isAllDone = payment.balanceAmount === payment.totalAmount - sum(
        moving.filter(({ cancelStatus }) =>
          cancelStatus !== "IN_PROGRESS" && cancelStatus !== "ABORTED"
        ),
      );
  const cancels = moving.map((cancel) => ({
    transactionKey: cancel.transactionKey,
    cancelAmount: cancel.cancelAmount,
    cancelReason: cancel.cancelReason ?? null,
    cancelStatus: statusOf(cancel.cancelStatus, isAllDone),
    canceledAt: tossTime(cancel.canceledAt),
    taxFreeAmount: wholeAmount(cancel.taxFreeAmount),
    refundableAmount: wholeAmount(cancel.refundableAmount),
  }));
  const isFullyCanceled = cancels.length > 0 && payment.balanceAmount === 0;
  const account = payment.virtualAccount;
  return {
    paymentKey: payment.paymentKey,
    orderId: payment.orderId,
    status: payment.status,
    method: payment.method ?? null,
    totalAmount: payment.totalAmount,
    balanceAmount: payment.balanceAmount,
    taxFreeAmount: wholeAmount(payment.taxFreeAmount),
    currency: payment.currency,
    requestedAt: tossTime(payment.requestedAt),
    ...approvalOf(payment),
    apiVersion: apiVersion(payment),
    canceledAt: isFullyCanceled ? latest(cancels) : null,
    failureCode: payment.failure?.code ?? null,
    failureMessage: payment.failure?.message ?? null,
    receiptUrl: payment.receipt?.url ?? null,
    details: paymentDetails(payment),
    cancels,
    cashReceipts: receiptsOfPayment(payment),
    lastTransactionKey: payment.lastTransactionKey ?? null,
    ...(payment.secret ? { secretDigest: sha256Hex(payment.secret) } : {}),
    ...(account
      ? {
        virtualAccount: {
          bankCode: account.bankCode,
          accountNumber: account.accountNumber,
          customerName: account.customerName ?? null,
          dueDate: tossTime(account.dueDate),
          expired: account.expired,
          refundStatus: account.refundStatus ?? null,
        },
      }
      : {}),
  };
}

/**
 * How a cancel stands. Older versions do not say, because every cancel was done at once; of a word that nobody knows
 * the balance tells whether it stands for done.
 */
function statusOf(cancelStatus: string | null, isAllDone: boolean): string {
  switch (cancelStatus) {
    case "IN_PROGRESS":
    case "ABORTED":
    case "DONE":
      return cancelStatus;
    case null:
      return "DONE";
    default:
      return isAllDone ? "DONE" : "IN_PROGRESS";
  }
}

function sum(cancels: { cancelAmount: number }[]): number {
  return cancels.reduce((total, { cancelAmount }) => total + cancelAmount, 0);
}

function approvalOf({ approvedAt }: TossPayment) {
  const time = tossTime(approvedAt);
  return time === null && approvedAt !== null ? {} : { approvedAt: time };
}

/** The ledger keeps minor units; what Toss says in another unit is of no use to it. */
function wholeAmount(amount: number | null): number | null {
  return amount !== null && Number.isSafeInteger(amount) ? amount : null;
}

function latest(cancels: { canceledAt: string | null }[]): string | null {
  const times = cancels.flatMap(({ canceledAt }) => canceledAt ?? []);
  return times.reduce<string | null>(
    (last, time) =>
      last === null || Date.parse(time) > Date.parse(last) ? time : last,
    null,
  );
}
