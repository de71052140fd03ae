import type {
  OrderPlan,
  PaymentRef,
  Plan,
  PlannedFault,
  RefundPlan,
  Step,
} from "./plan.ts";
import {
  type CutPoint,
  planRefused,
  planTossFault,
  planUnknown,
} from "./plan-faults.ts";
import { delayWebhooks, planWebhookFault } from "./plan-webhooks.ts";
import type { Random } from "../support/random.ts";
import { planPause, type Story } from "./story.ts";

/** Percentages of an order that operators give back. */
const PARTS = [10, 25, 30, 50];

/** Of these two never fit together with a third. */
const LARGE_PARTS = [34, 40, 60];

type NewRefund = Omit<RefundPlan, keyof PaymentRef>;

function ask(random: Random, refund: number, copies = 1): Step {
  const by = random.pick(["orderId", "paymentKey"] as const);
  return { kind: "refund", refund, copies, isAltered: false, by };
}

/**
 * An amount that no operator asks for here: after an error of Toss's, a refund
 * of the same amount from the same balance counts as the one in doubt, which
 * rather gives back too little than twice.
 */
function inTheDashboard(random: Random, target: PaymentRef): Step {
  const share = random.pick(["third", "seventh", "seventh"] as const);
  return { kind: "cancel", share, ...target };
}

/**
 * Plans what operators give back of one payment, and adds the refunds to
 * `refunds`.
 *
 * In parts and then the rest, all at once and together too much, or the same
 * request again and again; with refunds in Toss's own back office in between.
 */
export function planGivingBack(
  random: Random,
  target: PaymentRef,
  hasAccount: boolean,
  refunds: RefundPlan[],
): Step[][] {
  const add = (refund: NewRefund) => refunds.push({ ...refund, ...target }) - 1;
  const part = (parts: readonly number[]) =>
    add({ percent: random.pick(parts), hasAccount, caller: "operator" });
  const rest = () => add({ percent: null, hasAccount, caller: "operator" });
  const inParts = (): Step[][] => [
    ...Array.from(
      { length: random.integer(1, 3) },
      () => [ask(random, part(PARTS))],
    ),
    [ask(random, rest())],
  ];
  const atOnce = (): Step[][] => {
    const parts = Array.from(
      { length: random.integer(3, 5) },
      () => ask(random, part(LARGE_PARTS)),
    );
    if (random.chance(0.3)) parts.push(ask(random, rest()));
    return [parts];
  };
  const again = (): Step[][] => {
    const refund = random.chance(0.5) ? part(PARTS) : rest();
    return [
      [ask(random, refund, random.integer(2, 5))],
      [ask(random, refund, random.integer(1, 2))],
      [{ kind: "refund", refund, copies: 1, isAltered: true, by: "orderId" }],
    ];
  };
  const moments = random.pick([inParts, inParts, atOnce, again])();
  if (random.chance(0.4)) {
    random.pick(moments).push(inTheDashboard(random, target));
  }
  return moments.flatMap((moment) => [moment, ...planPause(random)]);
}

function planFaults(
  random: Random,
  target: PaymentRef,
  point: CutPoint | null,
): PlannedFault[] {
  const faults: PlannedFault[] = [];
  if (point?.needs === "refusal") {
    faults.push(planRefused(random, target, "cancel"));
  }
  if (point?.needs === "fault" || point?.needs === "operations") {
    faults.push(planUnknown(random, target, "cancel"));
  }
  if (random.chance(0.5)) faults.push(planTossFault(random, target, "cancel"));
  if (random.chance(0.2)) faults.push(planTossFault(random, target, "query"));
  if (random.chance(0.1)) faults.push(planTossFault(random, target, "confirm"));
  const isDelayed = random.chance(0.5);
  if (isDelayed) faults.push(delayWebhooks(random, target));
  else if (random.chance(0.5)) faults.push(planWebhookFault(random, target));
  return faults;
}

function planOrder(random: Random): OrderPlan {
  const goods = random.pick(
    ["chaos-unlimited", "chaos-limited", "chaos-pass"] as const,
  );
  return {
    goods,
    quantity: goods === "chaos-pass" ? 1 : random.integer(1, 3),
    payments: [{ decline: null, isTampered: false, isAuthenticated: true }],
    account: null,
    isOwned: false,
  };
}

/**
 * Puts the moments of several stories side by side. Time moves on between
 * them: a call must not last longer than its lease.
 */
export function atTheSameTime(stories: Step[][][]): Plan["moments"] {
  const length = Math.max(...stories.map((moments) => moments.length));
  return Array.from({ length }, (_, index) => {
    const steps = stories.flatMap((moments) => moments[index] ?? []);
    const acts = steps.filter(({ kind }) => kind !== "advance");
    const pauses = steps.filter(({ kind }) => kind === "advance");
    return [acts, ...pauses.map((pause) => [pause])]
      .filter((moment) => moment.length > 0);
  }).flat();
}

/** Operators who give money back, of one order or of two at the same time. */
export function planRefunds(random: Random, point: CutPoint | null): Story {
  const orders = Array.from(
    { length: random.chance(0.7) ? 1 : 2 },
    () => planOrder(random),
  );
  const refunds: RefundPlan[] = [];
  const faults: PlannedFault[] = [];
  const stories = orders.map((_, order): Step[][] => {
    const target = { order, payment: 0 };
    faults.push(...planFaults(random, target, point));
    const confirm: Step = {
      kind: "confirm",
      ...target,
      method: "POST",
      copies: 1,
      isTampered: false,
    };
    return [
      [confirm],
      ...planPause(random),
      ...planGivingBack(random, target, false, refunds),
    ];
  });
  return { orders, refunds, faults, moments: atTheSameTime(stories) };
}
