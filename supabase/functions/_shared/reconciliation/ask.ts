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
  /** Another shop under a shared key, whose orderId happens to be one of ours. */
  isForeign: boolean;
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
  const { paymentKey, askedAt } = question;
  const { answer, isFromOtherPair, isForeign } = await askToss(
    context,
    question,
  );
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
    isUnaskable,
    isForeign,
    canApply: !isFromOtherPair,
    askedAt,
    requestId,
    depositHours,
  });
}

/** An order's own pair decides; whether a row is this shop's, where that one knows nothing, the merchant id. */
async function askToss(
  { toss }: OperationContext,
  question: ReconciliationQuestion,
): Promise<Reply> {
  const { paymentKey, listedKeys, tossKeys, isKnown, isFamiliar } = question;
  const answer = await toss.of(question).getPayment(paymentKey);
  const own = { answer, isFromOtherPair: false, isForeign: false };
  if (
    answer.kind !== "not_found" || listedKeys === null ||
    listedKeys === tossKeys
  ) return own;
  if (!isKnown && !isFamiliar) return { ...own, isForeign: true };
  const other = await toss.of({ tossKeys: listedKeys, tossClientKey: null })
    .getPayment(paymentKey);
  return {
    answer: other,
    isFromOtherPair: other.kind === "answered",
    isForeign: false,
  };
}
