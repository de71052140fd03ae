import type { FaultInput } from "../../simulator/faults/fault.ts";
import type { Cut, CutEffect, CutPhase } from "./cutter.ts";
import {
  type PaymentRef,
  type PlannedFault,
  type Scene,
  TOSS_CALLS,
  type TossCall,
  type WorkerJob,
} from "./plan.ts";
import { planOddAnswer, planOddRecord } from "./plan-answers.ts";
import type { Random } from "../support/random.ts";

/** A boundary that can be cut, and what must happen so that it is reached. */
export interface CutPoint {
  call: string;
  phases: readonly CutPhase[];
  /** Absent = every scene reaches it. */
  scenes?: readonly Scene[];
  /** `fault`: of the call that the scene is about; `refusal`: of that too. */
  needs?: "refusal" | "fault" | WorkerJob;
}

const BOTH: readonly CutPhase[] = ["before", "applied"];
const ANSWER: readonly CutPhase[] = ["applied", "answered"];
const PURCHASE: readonly Scene[] = ["purchase"];
const REFUND: readonly Scene[] = ["refund", "account"];
const ACCOUNT: readonly Scene[] = ["account"];

/** Every boundary of the functions that move money and of the worker. */
const CUT_POINTS: readonly CutPoint[] = [
  { call: "rest.create_order", phases: BOTH, scenes: PURCHASE },
  { call: "rest.begin_confirmation", phases: BOTH, scenes: PURCHASE },
  { call: "toss.confirm", phases: BOTH, scenes: PURCHASE },
  { call: "rest.apply_payment", phases: BOTH },
  {
    call: "rest.reject_operation",
    phases: BOTH,
    scenes: ["purchase", "account"],
    needs: "refusal",
  },
  { call: "rest.postpone_operation", phases: BOTH, needs: "fault" },
  { call: "answer.confirm", phases: ANSWER, scenes: PURCHASE },
  { call: "rest.begin_cancel", phases: BOTH, scenes: REFUND },
  { call: "toss.cancel", phases: BOTH, scenes: REFUND },
  { call: "rest.settle_cancel", phases: BOTH, scenes: REFUND },
  {
    call: "rest.reject_cancel",
    phases: BOTH,
    scenes: ["refund"],
    needs: "refusal",
  },
  { call: "answer.cancel", phases: ANSWER, scenes: REFUND },
  { call: "rest.begin_virtual_account", phases: BOTH, scenes: ACCOUNT },
  { call: "toss.issue_virtual_account", phases: BOTH, scenes: ACCOUNT },
  {
    call: "toss.get_payment_by_order",
    phases: BOTH,
    scenes: ACCOUNT,
    needs: "operations",
  },
  { call: "answer.virtual-account", phases: ANSWER, scenes: ACCOUNT },
  { call: "rest.receive_webhook_event", phases: BOTH },
  { call: "toss.get_payment", phases: BOTH },
  { call: "rest.finish_webhook_event", phases: BOTH },
  { call: "answer.webhook", phases: ANSWER },
  { call: "rest.claim_operations", phases: BOTH, needs: "operations" },
  { call: "rest.claim_webhook_events", phases: BOTH, needs: "webhooks" },
  { call: "rest.expire_orders", phases: BOTH, needs: "expiry" },
  { call: "rest.claim_unsettled_payments", phases: BOTH, needs: "expiry" },
  { call: "rest.claim_webhook_lanes", phases: BOTH, needs: "outbox" },
  { call: "rest.claim_webhook_deliveries", phases: BOTH, needs: "outbox" },
  { call: "rest.finish_webhook_deliveries", phases: BOTH, needs: "outbox" },
  { call: "rest.plan_notices", phases: BOTH, needs: "outbox" },
  { call: "rest.claim_notices", phases: BOTH, needs: "outbox" },
  { call: "rest.finish_notices", phases: BOTH, needs: "outbox" },
  { call: "rest.record_job_run", phases: BOTH, needs: "webhooks" },
  { call: "answer.worker", phases: ["applied"], needs: "operations" },
];

/** Longer than the functions wait for Toss in these runs. */
const TOO_LATE = [500, 700, 900];

const SERVER_ERRORS = [
  "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
  "UNKNOWN_PAYMENT_ERROR",
];

/** Toss's table of cancel errors: what says nothing about the refund. */
const CANCEL_SERVER_ERRORS = [
  "FAILED_REFUND_PROCESS",
  "FAILED_METHOD_HANDLING_CANCEL",
  "FAILED_PARTIAL_REFUND",
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
];

/** Final refusals of a cancel (Toss: cancel errors). */
const CANCEL_REFUSALS = [
  "NOT_CANCELABLE_PAYMENT",
  "EXCEED_MAX_REFUND_DUE",
  "REFUND_REJECTED",
];

/** Refusals of an issue (Toss: virtual account errors). */
const ISSUE_REFUSALS = [
  "INVALID_BANK",
  "EXCEED_MAX_DUE_DATE",
  "REQUIRED_ACCOUNT_KEY",
];

function planEffect(random: Random, { call }: CutPoint): CutEffect {
  if (call.startsWith("answer.")) return "kill";
  if (random.chance(0.1)) return "crash";
  return call.startsWith("rest.") && random.chance(0.2) ? "error" : "kill";
}

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

/** What may befall any call that changes something, but nothing that refuses. */
function planLostAnswer(
  random: Random,
  call: Exclude<TossCall, "query">,
  serverErrors: readonly string[],
): FaultInput {
  const count = random.chance(0.75) ? 1 : random.integer(2, 3);
  const common = { ...TOSS_CALLS[call], count };
  const milliseconds = random.pick(TOO_LATE);
  return random.pick<FaultInput>([
    { kind: "lose_answer_before", ...common },
    { kind: "lose_answer_after", ...common },
    { kind: "half_body", ...common },
    { kind: "garbage", ...common },
    { kind: "delay_before", milliseconds, ...common },
    { kind: "delay_after", milliseconds, ...common },
    { kind: "status_before", code: random.pick(serverErrors), ...common },
    { kind: "status_after", code: random.pick(serverErrors), ...common },
    { kind: "status_before", code: "PROVIDER_ERROR", ...common },
    { kind: "wrong_answer", patch: { totalAmount: 1 }, ...common },
    { kind: "wrong_answer", patch: { status: "HALF_DONE" }, ...common },
  ]);
}

/** Side fields of a payment, and of the entries that refunds are told apart without. */
const SIDE_FIELDS = [
  ..."easyPay card receipt secret failure metadata approvedAt requestedAt"
    .split(" "),
  ..."taxFreeAmount vat mId lastTransactionKey transfer version".split(" "),
  ..."canceledAt refundableAmount cancelStatus receiptKey".split(" ")
    .map((name) => `cancels[].${name}`),
];

const ODD_VALUES: readonly unknown[] = [
  ...["토스결제", "", "\0", "\ud83d", -1, 0.5, true, 1e300],
  ...[{}, [], [null], { amount: "?" }, null],
];

/** An answer that is whole but for a field that has another type than documented. */
function planOddField(random: Random, call: TossCall): FaultInput {
  return {
    kind: "odd_field",
    field: random.pick(SIDE_FIELDS),
    value: random.pick(ODD_VALUES),
    ...TOSS_CALLS[call],
    count: random.integer(1, 3),
  };
}

function planRefusal(
  random: Random,
  call: Exclude<TossCall, "query">,
  codes: readonly string[],
): FaultInput {
  const count = random.chance(0.75) ? 1 : random.integer(2, 3);
  const common = { ...TOSS_CALLS[call], count };
  return random.pick<FaultInput>([
    { kind: "status_before", code: random.pick(codes), ...common },
    { kind: "status_before", code: "TOO_MANY", status: 429, ...common },
    { kind: "status_before", code: "UNAUTHORIZED_KEY", ...common },
  ]);
}

function planConfirmFault(random: Random): FaultInput {
  if (random.chance(0.35)) return planOddAnswer(random, "confirm");
  return random.chance(0.7)
    ? planLostAnswer(random, "confirm", SERVER_ERRORS)
    : planRefusal(random, "confirm", [
      "CARD_PROCESSING_ERROR",
      "NOT_AVAILABLE_PAYMENT",
    ]);
}

function planCancelFault(random: Random): FaultInput {
  if (random.chance(0.35)) return planOddAnswer(random, "cancel");
  if (random.chance(0.7)) {
    return planLostAnswer(random, "cancel", CANCEL_SERVER_ERRORS);
  }
  return planRefusal(random, "cancel", [
    "FORBIDDEN_CONSECUTIVE_REQUEST",
    "NOT_AVAILABLE_BANK",
    ...CANCEL_REFUSALS,
  ]);
}

function planIssueFault(random: Random): FaultInput {
  if (random.chance(0.35)) return planOddAnswer(random, "issue");
  return random.chance(0.8)
    ? planLostAnswer(random, "issue", SERVER_ERRORS)
    : planRefusal(random, "issue", ISSUE_REFUSALS);
}

function planQueryFault(random: Random): FaultInput {
  if (random.chance(0.2)) return planOddRecord(random);
  const common = { ...TOSS_CALLS.query, count: random.integer(1, 3) };
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
    // Who asks by order has no other key to compare with.
    {
      kind: "wrong_answer",
      patch: { paymentKey: "another" },
      ...common,
      pathPattern: "/payments/(?!orders/)",
    },
  ]);
}

const FAULT_PLANS: Record<TossCall, (random: Random) => FaultInput> = {
  confirm: planConfirmFault,
  cancel: planCancelFault,
  issue: planIssueFault,
  query: planQueryFault,
};

/** Spoils a call about the payment. */
export function planTossFault(
  random: Random,
  target: PaymentRef,
  call: TossCall,
): PlannedFault {
  const fault = random.chance(0.1)
    ? planOddField(random, call)
    : FAULT_PLANS[call](random);
  return { kind: "toss", fault, ...target };
}

/** Leaves a call about the payment without a usable answer. */
export function planUnknown(
  random: Random,
  target: PaymentRef,
  call: "cancel" | "issue",
): PlannedFault {
  const errors = call === "cancel" ? CANCEL_SERVER_ERRORS : SERVER_ERRORS;
  return {
    kind: "toss",
    fault: planLostAnswer(random, call, errors),
    ...target,
  };
}

/** Lets Toss refuse the next call about the payment. */
export function planRefused(
  random: Random,
  target: PaymentRef,
  call: "cancel" | "issue",
): PlannedFault {
  const codes = call === "cancel" ? CANCEL_REFUSALS : ISSUE_REFUSALS;
  const code = random.pick(codes);
  return {
    kind: "toss",
    fault: { kind: "status_before", code, ...TOSS_CALLS[call] },
    ...target,
  };
}
