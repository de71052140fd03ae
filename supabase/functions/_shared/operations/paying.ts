import type { ConfirmOperation } from "../database/confirm.ts";
import {
  rejectOperation,
  type RejectOperationRequest,
} from "../database/operations.ts";
import type { PaymentView } from "../database/payments.ts";
import type { VirtualAccountOperation } from "../database/virtual-account.ts";
import type { TossPayment } from "../toss/payment.ts";
import { heldBy, type OperationContext } from "./context.ts";
import { type NoProof, postpone, unsettledAnswer } from "./no-proof.ts";
import { applyAnswer, holdsMoney, stillWaits } from "./toss-answer.ts";

/** An operation that makes a payment of its order. */
export type PayingOperation = ConfirmOperation | VirtualAccountOperation;

/** How a confirm, or the issue of a virtual account, stands for whoever asked. */
export type ConfirmOutcome =
  | { kind: "confirmed"; payment: PaymentView }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" }
  /** Toss refused; `code` is its own code. */
  | { kind: "refused"; code: string; status?: number | undefined }
  /** Another payment pays this order. */
  | { kind: "already_confirmed" };

/** A refusal of Toss, and what it means for the operation and the payment. */
export interface PayingRefusal
  extends Pick<RejectOperationRequest, "isFinal" | "paymentStatus"> {
  code: string;
  message: string;
  status?: number | undefined;
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
export async function refusePaying(
  context: OperationContext,
  operation: PayingOperation,
  { code, message, status, isFinal, paymentStatus }: PayingRefusal,
): Promise<ConfirmOutcome> {
  const answer = await rejectOperation(context.database, {
    ...heldBy(context, operation),
    errorCode: code,
    errorMessage: message,
    isFinal,
    paymentStatus,
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

/**
 * Sends Toss's Payment through the one door and says what it means for whoever wanted it.
 *
 * An answer with another amount or currency than the order's is not believed: the operation stays open and the
 * audit log has the line `answer_mismatch`. Another payment or order does not get past the client.
 */
export async function settlePaying(
  context: OperationContext,
  operation: PayingOperation,
  payment: TossPayment,
): Promise<ConfirmOutcome> {
  const { askedAt, operationId } = operation;
  const { depositHours } = context;
  const answer = await applyAnswer(context, payment, {
    askedAt,
    operationId,
    depositHours,
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
    case "mismatch":
      // Over without money in it: nothing can come of this payment any more.
      if (!stillWaits(payment) && !holdsMoney(payment)) {
        return await refusePaying(context, operation, {
          code: "ANSWER_MISMATCH",
          message: "The payment was opened with another amount and has ended.",
          isFinal: operation.kind === "confirm",
          paymentStatus: null,
        });
      }
  }
  return await leaveOpen(context, operation, unsettledAnswer(answer));
}
