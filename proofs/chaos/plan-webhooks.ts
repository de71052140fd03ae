import type { PaymentRef, PlannedFault } from "./plan.ts";
import type { Random } from "../support/random.ts";

/**
 * Of these a lost one is found: a confirm and an issue by their operation, a
 * deposit and the end of a payment window by the worker's questions, a cancel
 * in Toss's own back office by the comparison with Toss's list. A deposit that
 * was taken back, and told by nobody, is not tried.
 */
const DROPPED_STATUSES = [
  "DONE",
  "EXPIRED",
  "ABORTED",
  "CANCELED",
  "PARTIAL_CANCELED",
] as const;

/** Spoils the delivery of the payment's webhooks. */
export function planWebhookFault(
  random: Random,
  target: PaymentRef,
): PlannedFault {
  const count = random.integer(1, 3);
  const milliseconds = random.integer(1, 40) * 60_000;
  const knob = random.pick([
    { kind: "drop", count, status: random.pick(DROPPED_STATUSES) } as const,
    { kind: "duplicate", count } as const,
    { kind: "reorder", count } as const,
    { kind: "delay", milliseconds, count } as const,
  ]);
  return { kind: "webhook", knob, ...target };
}

/** More webhooks than a run has of one payment. */
const EVERY_WEBHOOK = 40;

/**
 * Keeps every webhook of the payment back for so long that operations have to
 * end without them.
 */
export function delayWebhooks(
  random: Random,
  target: PaymentRef,
): PlannedFault {
  const milliseconds = random.integer(30, 60) * 60_000;
  return {
    kind: "webhook",
    knob: { kind: "delay", milliseconds, count: EVERY_WEBHOOK },
    ...target,
  };
}

/** Half an hour during which a deposit counts that a bank has taken back. */
const REVERSAL_MILLISECONDS = 1_800_000;

/** Keeps back that the payment waits (again) for its deposit. */
export function delayReversal(target: PaymentRef): PlannedFault {
  return {
    kind: "webhook",
    knob: {
      kind: "delay",
      milliseconds: REVERSAL_MILLISECONDS,
      status: "WAITING_FOR_DEPOSIT",
      count: EVERY_WEBHOOK,
    },
    ...target,
  };
}

/** Loses both webhooks of the first deposit. */
export function loseDeposit(target: PaymentRef): PlannedFault {
  return {
    kind: "webhook",
    knob: { kind: "drop", count: 2, status: "DONE" },
    ...target,
  };
}
