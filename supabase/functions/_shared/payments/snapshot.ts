import { sha256Hex } from "../security/sha256.ts";
import type { TossPayment } from "../toss/payment.ts";
import { tossTime } from "../toss/time.ts";

/**
 * Reduces Toss's Payment to what the database keeps.
 *
 * `secret` leaves as its SHA-256, which is all a comparison with a webhook needs; card and customer data stay
 * behind. The keys are those that `public.apply_payment` reads.
 */
export function paymentSnapshot(payment: TossPayment): Record<string, unknown> {
  const cancels = (payment.cancels ?? []).map((cancel) => ({
    transactionKey: cancel.transactionKey,
    cancelAmount: cancel.cancelAmount,
    cancelReason: cancel.cancelReason ?? null,
    cancelStatus: cancel.cancelStatus ?? "DONE",
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
    approvedAt: tossTime(payment.approvedAt),
    canceledAt: isFullyCanceled ? latest(cancels) : null,
    failureCode: payment.failure?.code ?? null,
    failureMessage: payment.failure?.message ?? null,
    receiptUrl: payment.receipt?.url ?? null,
    cancels,
    lastTransactionKey: payment.lastTransactionKey ?? null,
    ...(payment.secret ? { secretDigest: sha256Hex(payment.secret) } : {}),
    ...(account
      ? {
        virtualAccount: {
          bankCode: account.bankCode,
          accountNumber: account.accountNumber,
          customerName: account.customerName ?? null,
          dueDate: tossTime(account.dueDate),
          expired: account.expired ?? false,
          refundStatus: account.refundStatus ?? null,
        },
      }
      : {}),
  };
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
