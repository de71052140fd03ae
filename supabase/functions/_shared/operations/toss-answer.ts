import {
  applyPayment,
  type ApplyPaymentAnswer,
  type ApplyPaymentRequest,
} from "../database/apply-payment.ts";
import type { LeasedOperation } from "../database/lease.ts";
import type { TossPayment } from "../toss/payment.ts";
import { tossTime } from "../toss/time.ts";
import type { OperationContext } from "./context.ts";
import { paymentSnapshot } from "./snapshot.ts";

/** So far Toss's clock and the database's may be apart. */
const CLOCK_MARGIN_MILLISECONDS = 5 * 60_000;

const WITHOUT_MONEY = new Set(["READY", "IN_PROGRESS", "ABORTED", "EXPIRED"]);

/** Whether Toss's record says that nothing has become of a payment yet. */
export function stillWaits({ status }: TossPayment): boolean {
  return status === "READY" || status === "IN_PROGRESS";
}

/** Whether Toss never took money for a payment, nor waits for any. */
export function isWithoutMoney(
  { status }: Pick<TossPayment, "status">,
): boolean {
  return WITHOUT_MONEY.has(status);
}

/**
 * Whether Toss holds money for a payment, or waits for it.
 *
 * Fully refunded means a balance of 0, whatever the status says (Toss: payment statuses).
 */
export function holdsMoney(
  payment: Pick<TossPayment, "status" | "balanceAmount">,
): boolean {
  return !isWithoutMoney(payment) && payment.balanceAmount > 0;
}

/**
 * Whether what Toss tells happened before the operation was begun.
 *
 * Then Toss repeats an answer that a restored database has forgotten (Idempotency-Key), and what has happened since
 * is not in it.
 */
export function happenedBefore(
  { askedAt, ageSeconds }: Pick<LeasedOperation, "askedAt" | "ageSeconds">,
  time: string | null | undefined,
): boolean {
  const happened = tossTime(time ?? null);
  return happened !== null &&
    Date.parse(happened) <
      Date.parse(askedAt) - ageSeconds * 1000 - CLOCK_MARGIN_MILLISECONDS;
}

/** Lets Toss's Payment through the one door; see the comment on `public.apply_payment`. */
export async function applyAnswer(
  { database, source, requestId }: OperationContext,
  payment: TossPayment,
  asked: Pick<
    ApplyPaymentRequest,
    "askedAt" | "operationId" | "depositHours" | "webhook"
  >,
): Promise<ApplyPaymentAnswer> {
  return await applyPayment(database, {
    payment: paymentSnapshot(payment),
    source,
    requestId,
    ...asked,
  });
}
