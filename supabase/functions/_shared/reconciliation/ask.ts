import {
  postponeReconciliationQuestion,
  type ReconciliationLease,
  type ReconciliationQuestion,
  settleReconciliationQuestion,
} from "../database/reconciliation.ts";
import type { OperationContext } from "../operations/context.ts";
import { paymentSnapshot } from "../operations/snapshot.ts";
import type { TossLookup, UnknownReason } from "../toss/outcome.ts";
import type { TossPayment } from "../toss/payment.ts";

/** The pair is gone or another merchant's: its payments can be asked nothing, and doctor tells of it. */
const NOBODY_TO_ASK = new Set<UnknownReason>(["keys_missing", "keys_changed"]);

interface Reply {
  answer: TossLookup<TossPayment>;
  /** Only the pair that a row was listed with knows the payment, not the one of its order. */
  isFromOtherPair: boolean;
}

/**
 * Asks Toss for one payment and hands the answer to the database, which compares, applies and writes down.
 *
 * No answer proves nothing: the question is left for later.
 */
export async function askAbout(
  context: OperationContext,
  question: ReconciliationQuestion,
  lease: ReconciliationLease,
): Promise<void> {
  const { database, logger, requestId, depositHours } = context;
  const { paymentKey, isKnown, isFamiliar, askedAt } = question;
  const { answer, isFromOtherPair } = await askToss(context, question);
  const isUnaskable = answer.kind === "unknown" &&
    NOBODY_TO_ASK.has(answer.reason);
  if (
    !isUnaskable && (answer.kind === "unknown" || answer.kind === "refused")
  ) {
    logger.warn("payment_not_compared", { paymentKey, outcome: answer.kind });
    await postponeReconciliationQuestion(database, { ...lease, paymentKey });
    return;
  }
  await settleReconciliationQuestion(database, {
    ...lease,
    paymentKey,
    payment: answer.kind === "answered" ? paymentSnapshot(answer.value) : null,
    // Another shop under a shared key may use an orderId of ours.
    isForeign: isUnaskable || (isFromOtherPair && !isKnown && !isFamiliar),
    canApply: !isFromOtherPair,
    askedAt,
    requestId,
    depositHours,
  });
}

async function askToss(
  { toss }: OperationContext,
  question: ReconciliationQuestion,
): Promise<Reply> {
  const { paymentKey, listedKeys, tossKeys } = question;
  const answer = await toss.of(question).getPayment(paymentKey);
  if (
    answer.kind !== "not_found" || listedKeys === null ||
    listedKeys === tossKeys
  ) return { answer, isFromOtherPair: false };
  const other = await toss.of({ tossKeys: listedKeys, tossClientKey: null })
    .getPayment(paymentKey);
  return { answer: other, isFromOtherPair: other.kind === "answered" };
}
