import type { WebhookEvent } from "../../database/webhook-events.ts";
import type { OperationContext } from "../../operations/context.ts";
import { applyAnswer, holdsMoney } from "../../operations/toss-answer.ts";
import type { TossPayment } from "../../toss/payment.ts";
import { failed, ignored, processed, type Verdict } from "./verdict.ts";

/** An answer of Toss that an event led to, and what proves the event once the answer is applied. */
export interface AnswerOfToss {
  payment: TossPayment;
  verifiedBy: string;
}

/** Lets an answer of Toss through the one door. */
export async function judgeByAnswer(
  context: OperationContext,
  event: WebhookEvent,
  { payment, verifiedBy }: AnswerOfToss,
): Promise<Verdict> {
  const applied = await applyAnswer(context, payment, {
    askedAt: event.askedAt,
    depositHours: context.depositHours,
  });
  switch (applied.outcome) {
    case "order_not_found":
      return ignored("the payment is for no order here");
    case "mismatch":
      // A buyer who changed the amount in the page leaves such a payment behind; without money it is no matter.
      return holdsMoney(payment)
        ? failed("Toss's amount or currency differs from the order's")
        : ignored("another amount, no money in it");
    case "unknown_status":
      return failed("Toss named an unknown status");
    default:
      return applied.isStale
        ? failed("asked before the last answer was applied")
        : processed(verifiedBy);
  }
}
