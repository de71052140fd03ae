import type { CancelOperation } from "../../database/cancel.ts";
import { DecryptionError } from "../../security/encryption.ts";
import type { CancelBody } from "../../toss/client.ts";
import type { TossRefused } from "../../toss/outcome.ts";
import type { TossPayment } from "../../toss/payment.ts";
import type { OperationContext } from "../context.ts";
import { noProof, unprovenAnswer } from "../no-proof.ts";
import {
  judgeRefusal,
  type RefusalJudgement,
  unprovenRefusal,
} from "../refusal.ts";
import { applyAnswer, happenedBefore } from "../toss-answer.ts";
import {
  type CancelOutcome,
  type CancelProof,
  type CancelStep,
  leaveCancelOpen,
  refuseCancel,
  settleByProof,
} from "./finish.ts";
import { openRefundAccount } from "./refund-account.ts";

/** How often one attempt asks Toss anew because somebody else was changing the balance. */
const MAXIMUM_SENDS = 3;

/** A change of the balance explains it, so that another try can succeed. */
const BALANCE_DIFFERS = "NOT_MATCHES_REFUNDABLE_AMOUNT";

/**
 * Asks Toss to cancel, and finishes the operation with the answer.
 *
 * The lease outlasts the client's timeout, and no other cancel of the payment is at Toss meanwhile. Every try
 * carries the balance it counts on (Toss: 결제 취소, refundableAmount), so that even a try that takes effect late
 * takes nothing that is not there.
 */
export async function sendCancel(
  context: OperationContext,
  operation: CancelOperation,
): Promise<CancelOutcome> {
  let step: CancelStep = { kind: "send", operation };
  for (let sends = 0; step.kind === "send"; sends++) {
    step = sends < MAXIMUM_SENDS
      ? await sendOnce(context, step.operation)
      : await refuseCancel(context, step.operation, {
        code: BALANCE_DIFFERS,
        message: "The balance kept changing.",
        status: 400,
        isFinal: false,
      });
  }
  return step;
}

async function sendOnce(
  context: OperationContext,
  operation: CancelOperation,
): Promise<CancelStep> {
  const body = await cancelBody(context, operation);
  if (body === null) {
    return await leaveCancelOpen(
      context,
      operation,
      noProof(
        "REFUND_ACCOUNT_UNREADABLE",
        "The key that encrypted the refund account is gone.",
      ),
    );
  }
  const { paymentKey, idempotencyKey } = operation;
  const outcome = await context.toss.cancel(paymentKey, body, {
    idempotencyKey,
  });
  switch (outcome.kind) {
    case "answered":
      return await settleAnswer(context, operation, outcome.value);
    case "refused":
      return await judge(context, operation, outcome, body);
    case "unknown":
      return await leaveCancelOpen(
        context,
        operation,
        unprovenAnswer(outcome, operation),
      );
  }
}

async function settleAnswer(
  context: OperationContext,
  operation: CancelOperation,
  payment: TossPayment,
): Promise<CancelStep> {
  const step = await settleByProof(context, operation, payment, {
    proof: "answered",
    keyIsSpent: true,
  });
  const isRepeated = payment.cancels?.every(({ canceledAt }) =>
    happenedBefore(operation, canceledAt)
  );
  if (isRepeated) {
    // What was cancelled after that answer stands in Toss's record alone.
    const read = await context.toss.getPayment(operation.paymentKey);
    if (read.kind === "answered") {
      await applyAnswer(context, read.value, { askedAt: operation.askedAt });
    }
  }
  return step;
}

async function cancelBody(
  { keyring, logger }: OperationContext,
  operation: CancelOperation,
): Promise<CancelBody | null> {
  const { operationId, secret, taxFreeAmount } = operation;
  try {
    return {
      cancelReason: operation.reason,
      refundableAmount: operation.refundableAmount,
      // Toss wants no amount for a virtual account before its deposit, and needs none for a whole payment.
      ...(operation.isAll ? {} : { cancelAmount: operation.amount }),
      ...(taxFreeAmount > 0 ? { taxFreeAmount } : {}),
      ...(secret === null ? {} : {
        refundReceiveAccount: await openRefundAccount(
          keyring,
          secret,
          operationId,
        ),
      }),
    };
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    logger.error("refund_account_unreadable", {
      operationId,
      cause: error.message,
    });
    return null;
  }
}

async function judge(
  context: OperationContext,
  operation: CancelOperation,
  refusal: TossRefused,
  body: CancelBody,
): Promise<CancelStep> {
  const { code, message, status } = refusal;
  const judgement = judgeRefusal("cancel", operation, code);
  // The deposit may have come before the cancel did.
  const lacksAccount = body.refundReceiveAccount === undefined &&
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
  const read = await context.toss.getPayment(operation.paymentKey);
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
