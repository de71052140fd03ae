import type { FaultInput } from "../../simulator/faults/fault.ts";
import { createRandom, type Random } from "../support/random.ts";
import type { Cut } from "./cutter.ts";
import {
  type Plan,
  type PlannedFault,
  RECEIPT_CALLS,
  type ReceiptPlan,
  type Step,
} from "./plan.ts";

/** Choices of its own: what else a seed means stays as it was without receipts. */
const STREAM = 0x5ec3_1974;

/** Longer than the functions wait for Toss in these runs. */
const TOO_LATE = [500, 700, 900];

const SERVER_ERRORS = [
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
  "PROVIDER_ERROR",
  "UNKNOWN_ERROR",
];

/** The boundaries that a request about a receipt crosses. */
const CUT_CALLS = [
  "rest.begin_cash_receipt",
  "toss.issue_cash_receipt",
  "rest.settle_cash_receipt",
  "answer.cash-receipt",
  "rest.begin_cash_receipt_cancel",
  "toss.cancel_cash_receipt",
];

function planLostAnswer(random: Random): FaultInput {
  const count = random.chance(0.7) ? 1 : random.integer(2, 3);
  const common = { ...RECEIPT_CALLS.request, count };
  const milliseconds = random.pick(TOO_LATE);
  const code = random.pick(SERVER_ERRORS);
  return random.pick<FaultInput>([
    { kind: "lose_answer_before", ...common },
    { kind: "lose_answer_after", ...common },
    { kind: "half_body", ...common },
    { kind: "garbage", ...common },
    { kind: "delay_before", milliseconds, ...common },
    { kind: "delay_after", milliseconds, ...common },
    { kind: "status_before", code, ...common },
    { kind: "status_after", code, ...common },
    { kind: "wrong_answer", patch: { orderId: "another-order" }, ...common },
  ]);
}

function planListFault(random: Random): FaultInput {
  const common = { ...RECEIPT_CALLS.list, count: random.integer(1, 3) };
  return random.pick<FaultInput>([
    { kind: "lose_answer_before", ...common },
    { kind: "garbage", ...common },
    { kind: "status_before", code: "UNKNOWN_ERROR", ...common },
    { kind: "wrong_answer", patch: { data: "none" }, ...common },
  ]);
}

function planFaults(random: Random, order: number): PlannedFault[] {
  const faults: FaultInput[] = [];
  if (random.chance(0.6)) faults.push(planLostAnswer(random));
  if (random.chance(0.25)) faults.push(planListFault(random));
  return faults.map((fault) => ({ kind: "toss", fault, order, payment: 0 }));
}

function planCut(random: Random): Cut {
  const call = random.pick(CUT_CALLS);
  const isAnswer = call.startsWith("answer.");
  return {
    call,
    phase: isAnswer ? "answered" : random.pick(["before", "applied"] as const),
    nth: random.chance(0.8) ? 1 : 2,
    effect: isAnswer || random.chance(0.8) ? "kill" : "error",
  };
}

/** Lets a step happen somewhere in the run from a moment on, beside what happens there or by itself. */
export function insertStep(
  random: Random,
  moments: Step[][],
  step: Step,
  first = 1,
): void {
  const place = random.integer(first, moments.length);
  const moment = moments[place];
  const isPause = moment?.some(({ kind }) => kind === "advance") ?? true;
  if (!isPause && random.chance(0.5)) moment?.push(step);
  else moments.splice(place, 0, [step]);
}

/**
 * Adds to a run about virtual accounts what its buyers want of cash receipts: with the account, afterwards by many
 * clicks, and what operators cancel of them.
 */
export function withReceipts(plan: Plan): Plan {
  if (plan.scene !== "account") return plan;
  const random = createRandom(plan.seed ^ STREAM);
  const receipts: ReceiptPlan[] = [];
  const faults = [...plan.faults];
  const moments = plan.moments.map((moment) => [...moment]);
  const cuts = [...plan.cuts];
  const orders = plan.orders.map((order, position) => {
    const { account } = order;
    if (account === null || random.chance(0.2)) return order;
    if (random.chance(0.3)) {
      return { ...order, account: { ...account, hasReceipt: true } };
    }
    const add = (percent: number | null, copies: number) => {
      const receipt = receipts.push({ order: position, percent }) - 1;
      insertStep(random, moments, { kind: "receipt", receipt, copies });
    };
    for (let asked = random.integer(1, 3); asked > 0; asked--) {
      add(null, random.integer(1, 4));
    }
    if (random.chance(0.4)) add(random.pick([20, 100]), random.integer(1, 2));
    faults.push(...planFaults(random, position));
    if (random.chance(0.35)) cuts.push(planCut(random));
    return order;
  });
  return { ...plan, orders, receipts, faults, moments, cuts };
}
