import type { CancelOperation } from "../../database/cancel.ts";
import type { TossRefused } from "../../toss/outcome.ts";
import type { OperationContext } from "../context.ts";
import {
  judgeRefusal,
  type RefusalJudgement,
  unprovenRefusal,
} from "../refusal.ts";
import {
  type CancelProof,
  type CancelStep,
  leaveCancelOpen,
  refuseCancel,
  settleByProof,
} from "./finish.ts";

/** A change of the balance explains it, so that another try can succeed. */
export const BALANCE_DIFFERS = "NOT_MATCHES_REFUNDABLE_AMOUNT";

/** Says what Toss's refusal of a cancel means: its end, a look at Toss's record, or another try. */
export async function judgeCancelRefusal(
  context: OperationContext,
  operation: CancelOperation,
  { refusal, hasAccount }: { refusal: TossRefused; hasAccount: boolean },
): Promise<CancelStep> {
  const { code, message, status } = refusal;
  const judgement = judgeRefusal("cancel", operation, code);
  // The deposit may have come before the cancel did.
  const lacksAccount = !hasAccount &&
    (code.startsWith("INVALID_REFUND_ACCOUNT") || code === "INVALID_REQUEST");
  return judgement.endsAtOnce && !lacksAccount
    ? await refuseCancel(context, operation, {
      code,
      message,
      status,
      isFinal: judgement.isFinal,
    })
    : await askAfterRefusal(context, operation, { refusal, judgement });
}

/** Toss's own record tells what became of the cancel, and what the payment is. */
async function askAfterRefusal(
  context: OperationContext,
  operation: CancelOperation,
  { refusal, judgement }: {
    refusal: TossRefused;
    judgement: RefusalJudgement;
  },
): Promise<CancelStep> {
  const { code, message, status } = refusal;
  const unproven = unprovenRefusal(refusal, judgement);
  const read = await context.toss.of(operation).getPayment(
    operation.paymentKey,
  );
  if (read.kind !== "answered") {
    return await leaveCancelOpen(context, operation, unproven);
  }
  const step = await settleByProof(context, operation, read.value, {
    proof: proofAfterRefusal(operation, judgement),
    keyIsSpent: true,
  });
  // Toss's record contradicts its refusal, or gives no reason to ask again.
  const isWorthATry = code === BALANCE_DIFFERS || step.kind === "send" &&
      step.operation.refundableAmount !== operation.refundableAmount;
  if (step.kind !== "send" || isWorthATry) return step;
  return judgement.isLastWord
    ? await refuseCancel(context, step.operation, {
      code,
      message,
      status,
      isFinal: judgement.isFinal,
    })
    // The next try's key is in the row already.
    : await leaveCancelOpen(context, step.operation, {
      ...unproven,
      keyIsSpent: false,
    });
}

function proofAfterRefusal(
  { attempts, keyGeneration }: CancelOperation,
  { proof }: RefusalJudgement,
): CancelProof["proof"] {
  // The refusal itself may be the answer to a try that took effect.
  if (proof === "ask") return "read";
  // At the first try: whatever was cancelled was cancelled by somebody else.
  if (attempts === 1) return "refused";
  // Under its first key Toss would have repeated the answer of a try that took effect, so what is there is ours only
  // if it looks it in every respect. A later key says nothing about the tries under the earlier ones.
  return keyGeneration === 1 ? "seen" : "read";
}
