import {
  beginConfirmation,
  type BeginConfirmationAnswer,
} from "../../database/confirm.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import type { ConfirmOutcome } from "../paying.ts";
import { countUnknown } from "../refusal.ts";
import { resolveConfirm } from "./resolve.ts";
import { sendConfirm } from "./send.ts";

/** The three values that the payment window hands to the success URL. */
export interface ConfirmRequest {
  paymentKey: string;
  orderId: string;
  amount: number;
}

/** Refusals that were decided in our own database; Toss was not asked. */
export type LocalRefusal = Exclude<
  BeginConfirmationAnswer["outcome"],
  | "proceed"
  | "resolve"
  | "processing"
  | "confirmed"
  | "rejected"
  | "too_many_attempts"
>;

/** How a confirm ended. */
export type ConfirmResult =
  | ConfirmOutcome
  | { kind: "refused_locally"; reason: LocalRefusal }
  | { kind: "too_many_attempts"; retryAfterSeconds: number };

/**
 * Confirms a payment: intent, Toss, record. Two database round trips and one call to Toss.
 *
 * Repeating it is harmless at any point; a repeat gets the same answer, or `processing` while another caller is
 * at it.
 *
 * @param caller see `BeginConfirmationRequest.caller`
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function confirmPayment(
  context: OperationContext,
  request: ConfirmRequest,
  caller: string | null,
): Promise<ConfirmResult> {
  const begun = await beginConfirmation(context.firstCall, {
    ...request,
    ...newLease(context),
    caller,
  });
  switch (begun.outcome) {
    case "proceed": {
      const result = await orProcessing(
        context,
        begun.operation,
        sendConfirm,
      );
      if (result.kind === "refused") {
        await countUnknown(context, caller, result);
      }
      return result;
    }
    case "resolve":
      return await orProcessing(
        context,
        begun.operation,
        resolveConfirm,
      );
    case "processing":
      return { kind: "processing" };
    case "confirmed":
      return { kind: "confirmed", payment: begun.payment };
    case "rejected":
      return { kind: "refused", code: begun.errorCode };
    case "too_many_attempts":
      return {
        kind: "too_many_attempts",
        retryAfterSeconds: begun.retryAfterSeconds,
      };
    default:
      return { kind: "refused_locally", reason: begun.outcome };
  }
}
