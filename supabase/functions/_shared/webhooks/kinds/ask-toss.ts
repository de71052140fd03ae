import type { WebhookEvent } from "../../database/webhook-events.ts";
import type { OperationContext } from "../../operations/context.ts";
import { applyAnswer, holdsMoney } from "../../operations/toss-answer.ts";
import type { TossLookup } from "../../toss/outcome.ts";
import { isPathSegment } from "../../toss/path-segment.ts";
import type { TossPayment } from "../../toss/payment.ts";
import { failed, ignored, processed, type Verdict } from "./verdict.ts";

/** As long as Toss gives no answer at all, trying goes on for about as long as Toss itself would send: 4 days. */
const MAXIMUM_ATTEMPTS_WITHOUT_ANSWER = 600;

/** That Toss does not know a payment that we know is more likely its delay than the truth; asked so often. */
const MAXIMUM_ATTEMPTS_NOT_FOUND = 3;

/** Toss's word about the payment of an event, or how the event ends without it. */
export type Asked =
  | { payment: TossPayment }
  | { payment: null; verdict: Verdict };

/** Asks Toss about the payment of an event: by paymentKey where one is named, else by order. */
export async function askToss(
  context: OperationContext,
  event: WebhookEvent,
): Promise<Asked> {
  const lookup = ask(context, event);
  if (lookup === undefined) {
    const verdict = ignored("names no order and no payment of this project");
    return { payment: null, verdict };
  }
  const answer = await lookup;
  if (answer.kind === "answered") return { payment: answer.value };
  return { payment: null, verdict: withoutAnswer(event, answer) };
}

function ask(
  { toss }: OperationContext,
  event: WebhookEvent,
): Promise<TossLookup<TossPayment>> | undefined {
  const { paymentKey, orderId, isOurs } = event;
  if (!isOurs) return undefined;
  if (paymentKey !== null && isPathSegment(paymentKey)) {
    return toss.of(event).getPayment(paymentKey);
  }
  return orderId === null
    ? undefined
    : toss.of(event).getPaymentByOrder(orderId);
}

function withoutAnswer(
  { isKnownPayment, attempts }: WebhookEvent,
  answer: Exclude<TossLookup<TossPayment>, { kind: "answered" }>,
): Verdict {
  const reason = "Toss knows no such payment";
  const maximumAttempts = MAXIMUM_ATTEMPTS_WITHOUT_ANSWER;
  switch (answer.kind) {
    case "not_found":
      return isKnownPayment && attempts < MAXIMUM_ATTEMPTS_NOT_FOUND
        ? failed(reason)
        : ignored(reason);
    case "refused":
      return { ...failed(`Toss refused: ${answer.code}`), maximumAttempts };
    case "unknown": {
      const why = answer.code ?? answer.reason;
      return { ...failed(`no proof from Toss: ${why}`), maximumAttempts };
    }
  }
}

/** An answer of Toss that an event led to, and what proves the event once the answer is applied. */
export interface AnswerOfToss {
  payment: TossPayment;
  verifiedBy: string;
  /** See `Verdict.answerSecretDigest`. */
  answerSecretDigest?: string | null;
}

/** Lets an answer of Toss through the one door, and ends the event with it where that proves it. */
export async function judgeByAnswer(
  context: OperationContext,
  event: WebhookEvent,
  { payment, verifiedBy, answerSecretDigest }: AnswerOfToss,
): Promise<Verdict> {
  const applied = await applyAnswer(context, payment, {
    askedAt: event.askedAt,
    depositHours: context.depositHours,
    webhook: {
      eventId: event.eventId,
      leaseToken: event.leaseToken ?? "",
      leaseSeconds: context.leaseSeconds,
      verifiedBy,
      answerSecretDigest,
    },
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
        : { ...processed(verifiedBy), finished: applied.webhook };
  }
}
