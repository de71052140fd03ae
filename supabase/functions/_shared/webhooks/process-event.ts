import {
  finishWebhookEvent,
  type WebhookEvent,
} from "../database/webhook-events.ts";
import type { OperationContext } from "../operations/context.ts";
import { retryDelaySeconds } from "../operations/patience.ts";
import { judgeEvent } from "./kinds/judge-event.ts";
import type { Verdict } from "./kinds/verdict.ts";

/** After so many tries whose answer we could not use, an event is `dead` and waits for an operator; about an hour. */
const MAXIMUM_ATTEMPTS = 12;

/** One isolate looks again at most this often for one subject; the worker takes the rest. */
const MAXIMUM_FOLLOWING = 20;

/** How many events a call has brought to which end. */
export type ProcessedCounts = Record<Verdict["status"], number>;

/**
 * Processes a leased event: what it says is proven, mostly by asking Toss. The body decides nothing.
 *
 * Events of the same payment that arrive meanwhile are taken in the same go. Safe to be cut anywhere: what is
 * not finished is taken up again when its lease has passed.
 *
 * @throws DatabaseError when an end could not be recorded
 */
export async function processEvent(
  context: OperationContext,
  event: WebhookEvent,
): Promise<ProcessedCounts> {
  const counts: ProcessedCounts = { processed: 0, ignored: 0, failed: 0 };
  let current: WebhookEvent | undefined = event;
  for (let round = 0; current && round < MAXIMUM_FOLLOWING; round++) {
    const verdict: Verdict = await judgeEvent(context, current);
    counts[verdict.status] += 1;
    current = await recordVerdict(context, current, verdict);
  }
  return counts;
}

async function recordVerdict(
  context: OperationContext,
  event: WebhookEvent,
  verdict: Verdict,
): Promise<WebhookEvent | undefined> {
  const { database, leaseSeconds, logger, random } = context;
  const finished = verdict.finished ?? await finishWebhookEvent(database, {
    eventId: event.eventId,
    leaseToken: event.leaseToken ?? "",
    status: verdict.status,
    reason: verdict.reason,
    verifiedBy: verdict.verifiedBy,
    answerSecretDigest: verdict.answerSecretDigest,
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
