import { applyPayment } from "../database/apply-payment.ts";
import {
  finishWebhookEvent,
  type WebhookEvent,
} from "../database/webhook-events.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { retryDelaySeconds } from "../payments/retry-delay.ts";
import { paymentSnapshot } from "../payments/snapshot.ts";
import { isPathSegment } from "../toss/path-segment.ts";
import type { TossLookup } from "../toss/outcome.ts";
import type { TossPayment } from "../toss/payment.ts";

/** After so many tries whose answer we could not use, an event is `dead` and waits for an operator; about an hour. */
const MAXIMUM_ATTEMPTS = 12;

/** As long as Toss gives no answer at all, trying goes on for about as long as Toss itself would send: 4 days. */
const MAXIMUM_ATTEMPTS_WITHOUT_ANSWER = 600;

/** That Toss does not know a payment that we know is more likely its delay than the truth; asked so often. */
const MAXIMUM_ATTEMPTS_NOT_FOUND = 3;

/** One isolate looks again at most this often for one subject; the worker takes the rest. */
const MAXIMUM_FOLLOWING = 20;

const MONEY_STATUSES = new Set([
  "WAITING_FOR_DEPOSIT",
  "DONE",
  "PARTIAL_CANCELED",
  "CANCELED",
]);

type Verdict = {
  status: "processed" | "ignored" | "failed";
  reason: string | null;
  /** For `failed`: after how many tries it is given up. */
  maximumAttempts?: number;
};

/** How many events a call has brought to which end. */
export type ProcessedCounts = Record<Verdict["status"], number>;

/**
 * Processes a leased event: asks Toss and lets the answer through the one door. The body decides nothing.
 *
 * Events of the same payment that arrive meanwhile are taken in the same go. Safe to be cut anywhere: what is
 * not finished is taken up again when its lease has passed.
 *
 * @throws DatabaseError when an end could not be recorded
 */
export async function processEvent(
  context: OperationContext,
  event: WebhookEvent,
  leaseSeconds: number,
): Promise<ProcessedCounts> {
  const counts: ProcessedCounts = { processed: 0, ignored: 0, failed: 0 };
  let current: WebhookEvent | undefined = event;
  for (let round = 0; current && round < MAXIMUM_FOLLOWING; round++) {
    const verdict: Verdict = await judgeEvent(context, current);
    counts[verdict.status] += 1;
    current = await recordVerdict(context, current, verdict, leaseSeconds);
  }
  return counts;
}

async function judgeEvent(
  context: OperationContext,
  event: WebhookEvent,
): Promise<Verdict> {
  const { database, source, requestId } = context;
  const answer = await askToss(context, event);
  if (answer === undefined) {
    return { status: "ignored", reason: "names neither order nor payment" };
  }
  switch (answer.kind) {
    case "not_found":
      return {
        status: event.isKnownPayment &&
            event.attempts < MAXIMUM_ATTEMPTS_NOT_FOUND
          ? "failed"
          : "ignored",
        reason: "Toss knows no such payment",
      };
    case "refused":
      return {
        status: "failed",
        reason: `Toss refused: ${answer.code}`,
        maximumAttempts: MAXIMUM_ATTEMPTS_WITHOUT_ANSWER,
      };
    case "unknown":
      return {
        status: "failed",
        reason: `no proof from Toss: ${answer.code ?? answer.reason}`,
        maximumAttempts: MAXIMUM_ATTEMPTS_WITHOUT_ANSWER,
      };
  }
  const applied = await applyPayment(database, {
    payment: paymentSnapshot(answer.value),
    source,
    askedAt: event.askedAt,
    requestId,
  });
  switch (applied.outcome) {
    case "order_not_found":
      return { status: "ignored", reason: "the payment is for no order here" };
    case "mismatch":
      // A buyer who changed the amount in the page and gave up leaves such a payment; no money moved.
      if (!MONEY_STATUSES.has(answer.value.status)) {
        return { status: "ignored", reason: "another amount, never paid" };
      }
      return {
        status: "failed",
        reason: "Toss's amount or currency differs from the order's",
      };
    case "unknown_status":
      return { status: "failed", reason: "Toss named an unknown status" };
    default:
      return { status: "processed", reason: null };
  }
}

function askToss(
  { toss }: OperationContext,
  { paymentKey, orderId }: WebhookEvent,
): Promise<TossLookup<TossPayment>> | undefined {
  if (paymentKey !== null && isPathSegment(paymentKey)) {
    return toss.getPayment(paymentKey);
  }
  return orderId === null ? undefined : toss.getPaymentByOrder(orderId);
}

async function recordVerdict(
  context: OperationContext,
  event: WebhookEvent,
  verdict: Verdict,
  leaseSeconds: number,
): Promise<WebhookEvent | undefined> {
  const { database, logger, random } = context;
  const finished = await finishWebhookEvent(database, {
    eventId: event.eventId,
    leaseToken: event.leaseToken ?? "",
    status: verdict.status,
    reason: verdict.reason,
    verifiedBy: verdict.status === "processed" ? "re-query" : null,
    askedAt: event.askedAt,
    leaseSeconds,
    retryAfterSeconds: verdict.status === "failed"
      ? retryDelaySeconds(event.attempts + 2, random)
      : 0,
    maximumAttempts: verdict.maximumAttempts ?? MAXIMUM_ATTEMPTS,
  });
  logger.info("webhook_finished", {
    eventId: event.eventId,
    outcome: finished.outcome,
    reason: verdict.reason,
    orderId: event.orderId,
  });
  return finished.following;
}
