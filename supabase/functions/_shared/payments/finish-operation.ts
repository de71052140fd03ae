import { applyPayment } from "../database/apply-payment.ts";
import { rejectOperation } from "../database/operations.ts";
import type { ConfirmOperation } from "../database/confirm.ts";
import type { VirtualAccountOperation } from "../database/virtual-account.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import type { TossPayment } from "../toss/payment.ts";
import { holdsMoney } from "./holds-money.ts";
import type { OperationContext } from "./operation-context.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { type NoProof, postpone } from "./postpone.ts";
import { type RefusalEffect, refusalEffect } from "./refusal.ts";
import { paymentSnapshot } from "./snapshot.ts";

/** An operation that makes a payment of its order. */
export type PayingOperation = ConfirmOperation | VirtualAccountOperation;

/** What a buyer is told whose payment Toss does not know, or knows as another order's. */
export const NO_SUCH_PAYMENT = {
  code: "NOT_FOUND_PAYMENT",
  message: "Toss knows no such payment.",
  status: 404,
};

/** Whether Toss's record says that nothing has become of a payment yet. */
export function stillWaits({ status }: TossPayment): boolean {
  return status === "READY" || status === "IN_PROGRESS";
}

/** Leaves an operation open: nothing is concluded, the next attempt is set. */
export async function leaveOpen(
  context: OperationContext,
  operation: PayingOperation,
  proof: NoProof,
): Promise<ConfirmOutcome> {
  const answer = await postpone(context, operation, proof);
  // A webhook may have brought the proof meanwhile.
  return answer.outcome === "succeeded" && answer.payment
    ? { kind: "confirmed", payment: answer.payment }
    : { kind: "processing" };
}

/** Ends an operation on Toss's refusal. */
export async function refuseOperation(
  context: OperationContext,
  operation: PayingOperation,
  { code, message, status }: { code: string; message: string; status?: number },
): Promise<ConfirmOutcome> {
  const { database, source, requestId } = context;
  const answer = await rejectOperation(database, {
    operationId: operation.operationId,
    leaseToken: operation.leaseToken,
    errorCode: code,
    errorMessage: message,
    ...effectOf(operation, code, status),
    source,
    requestId,
  });
  switch (answer.outcome) {
    case "confirmed":
      return { kind: "confirmed", payment: answer.payment };
    case "rejected":
      return {
        kind: "refused",
        code: answer.errorCode,
        ...(answer.errorCode === code ? { status } : {}),
      };
    case "unknown":
      return { kind: "processing" };
  }
}

function effectOf(
  { kind }: PayingOperation,
  code: string,
  status: number | undefined,
): RefusalEffect {
  // No account, no payment: the order may be paid in any other way, or with another bank's account.
  return kind === "virtual_account"
    ? { isFinal: false, paymentStatus: null }
    : refusalEffect(describeTossError(code, status));
}

/**
 * Sends Toss's Payment through the one door and says what it means for whoever wanted it.
 *
 * An answer with another amount or currency than the order's is not believed: the operation stays open and the
 * audit log has the line `answer_mismatch`. Another payment or order does not get past the client.
 */
export async function settleOperation(
  context: OperationContext,
  operation: PayingOperation,
  payment: TossPayment,
): Promise<ConfirmOutcome> {
  const { database, source, requestId, depositHours } = context;
  const answer = await applyPayment(database, {
    payment: paymentSnapshot(payment),
    depositHours,
    source,
    askedAt: operation.askedAt,
    requestId,
    operationId: operation.operationId,
  });
  switch (answer.outcome) {
    case "confirmed":
      if (!answer.paysOrder) return { kind: "already_confirmed" };
      // It must not look like a fresh payment to whoever ships on 200.
      return answer.isGivenBack
        ? { kind: "refused", code: "CANCELED_PAYMENT" }
        : { kind: "confirmed", payment: answer.payment };
    case "rejected":
      return { kind: "refused", code: answer.errorCode ?? "UNKNOWN" };
    case "pending":
      return await leaveOpen(context, operation, {
        code: `PAYMENT_${answer.paymentStatus}`,
        message: "Toss has not finished this payment.",
        keyIsSpent: false,
      });
    case "unknown_status":
      return await leaveOpen(context, operation, {
        code: "UNKNOWN_STATUS",
        message: "Toss named a payment status this version does not know.",
        keyIsSpent: false,
      });
    case "mismatch":
      // Over without money in it: nothing can come of this payment any more.
      if (hasEnded(payment)) {
        return await refuseOperation(context, operation, {
          code: "ANSWER_MISMATCH",
          message: "The payment was opened with another amount and has ended.",
        });
      }
      // falls through
    case "order_not_found":
      return await leaveOpen(context, operation, {
        code: "ANSWER_MISMATCH",
        message: "Toss's answer differs from the order.",
        keyIsSpent: false,
      });
  }
}

function hasEnded(payment: TossPayment): boolean {
  return !stillWaits(payment) && !holdsMoney(payment);
}
