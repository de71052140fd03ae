import type { FaultInput } from "../../scripts/simulator/faults/fault.ts";
import type { Cut, CutEffect, CutPhase } from "./cutter.ts";
import type { PaymentRef, PlannedFault, WorkerJob } from "./plan.ts";
import type { Random } from "./random.ts";

/** A boundary that can be cut, and what must happen so that it is reached. */
export interface CutPoint {
  call: string;
  phases: readonly CutPhase[];
  needs?: "decline" | "confirm_fault" | WorkerJob;
}

const BOTH: readonly CutPhase[] = ["before", "applied"];

/** Every boundary of confirm, of webhook processing and of the worker. */
export const CUT_POINTS: readonly CutPoint[] = [
  { call: "rest.create_order", phases: BOTH },
  { call: "rest.begin_confirmation", phases: BOTH },
  { call: "toss.confirm", phases: BOTH },
  { call: "rest.apply_payment", phases: BOTH },
  { call: "rest.reject_operation", phases: BOTH, needs: "decline" },
  { call: "rest.postpone_operation", phases: BOTH, needs: "confirm_fault" },
  { call: "answer.confirm", phases: ["applied", "answered"] },
  { call: "rest.receive_webhook_event", phases: BOTH },
  { call: "toss.get_payment", phases: BOTH },
  { call: "rest.finish_webhook_event", phases: BOTH },
  { call: "answer.webhook", phases: ["applied", "answered"] },
  { call: "rest.claim_operations", phases: BOTH, needs: "operations" },
  { call: "rest.claim_webhook_events", phases: BOTH, needs: "webhooks" },
  { call: "rest.expire_orders", phases: BOTH, needs: "expiry" },
  { call: "rest.claim_unsettled_payments", phases: BOTH, needs: "expiry" },
  { call: "rest.record_job_run", phases: BOTH, needs: "webhooks" },
  { call: "answer.worker", phases: ["applied"], needs: "operations" },
];

const CONFIRM = { method: "POST", path: "/v1/payments/confirm" } as const;
const QUERY = { method: "GET", path: "/v1/payments/" } as const;

/** Longer than the functions wait for Toss in these runs. */
const TOO_LATE = [500, 700, 900];

const SERVER_ERRORS = [
  "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
  "UNKNOWN_PAYMENT_ERROR",
];

function planEffect(random: Random, { call }: CutPoint): CutEffect {
  if (call.startsWith("answer.")) return "kill";
  if (random.chance(0.1)) return "crash";
  return call.startsWith("rest.") && random.chance(0.2) ? "error" : "kill";
}

/**
 * A cancel that somebody makes in Toss's own back office and that Toss never
 * tells is found by reconciliation only, not by anything that is tried here.
 */
const DROPPED_STATUSES = ["DONE", "EXPIRED", "ABORTED"] as const;

/** Every boundary with each of its phases. */
export const CUT_CHOICES = CUT_POINTS.flatMap((point) =>
  point.phases.map((phase) => ({ point, phase }))
);

/** Chooses how a boundary is cut, and the boundary unless one is given. */
export function planCut(
  random: Random,
  choice = random.pick(CUT_CHOICES),
): { cut: Cut; point: CutPoint } {
  const { point, phase } = choice;
  const effect = planEffect(random, point);
  // What needs a scene of its own seldom comes twice in a run.
  const isFirst = point.needs !== undefined || random.chance(0.7);
  const nth = isFirst ? 1 : random.integer(2, 3);
  return { cut: { call: point.call, phase, nth, effect }, point };
}

function planConfirmFault(random: Random): FaultInput {
  const count = random.chance(0.75) ? 1 : random.integer(2, 3);
  const common = { ...CONFIRM, count };
  const milliseconds = random.pick(TOO_LATE);
  return random.pick<FaultInput>([
    { kind: "lose_answer_before", ...common },
    { kind: "lose_answer_after", ...common },
    { kind: "half_body", ...common },
    { kind: "garbage", ...common },
    { kind: "delay_before", milliseconds, ...common },
    { kind: "delay_after", milliseconds, ...common },
    { kind: "status_before", code: random.pick(SERVER_ERRORS), ...common },
    { kind: "status_after", code: random.pick(SERVER_ERRORS), ...common },
    { kind: "status_before", code: "PROVIDER_ERROR", ...common },
    { kind: "status_before", code: "CARD_PROCESSING_ERROR", ...common },
    { kind: "status_before", code: "TOO_MANY", status: 429, ...common },
    { kind: "status_before", code: "NOT_AVAILABLE_PAYMENT", ...common },
    { kind: "status_before", code: "UNAUTHORIZED_KEY", ...common },
    { kind: "wrong_answer", patch: { totalAmount: 1 }, ...common },
    { kind: "wrong_answer", patch: { status: "HALF_DONE" }, ...common },
  ]);
}

function planQueryFault(random: Random): FaultInput {
  const common = { ...QUERY, count: random.integer(1, 3) };
  const milliseconds = random.pick(TOO_LATE);
  return random.pick<FaultInput>([
    { kind: "lose_answer_before", ...common },
    { kind: "half_body", ...common },
    { kind: "garbage", ...common },
    { kind: "delay_before", milliseconds, ...common },
    { kind: "status_before", code: random.pick(SERVER_ERRORS), ...common },
    { kind: "status_before", code: "FORBIDDEN_CONSECUTIVE_REQUEST", ...common },
    { kind: "status_before", code: "TOO_MANY", status: 429, ...common },
    { kind: "wrong_answer", patch: { totalAmount: 1 }, ...common },
    { kind: "wrong_answer", patch: { paymentKey: "another" }, ...common },
  ]);
}

/** Spoils a confirm of the payment. */
export function planTossFault(
  random: Random,
  target: PaymentRef,
  call: "confirm" | "query",
): PlannedFault {
  const plan = call === "confirm" ? planConfirmFault : planQueryFault;
  return { kind: "toss", fault: plan(random), ...target };
}

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
