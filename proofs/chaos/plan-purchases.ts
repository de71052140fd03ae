import type {
  OrderPlan,
  PaymentPlan,
  PaymentRef,
  PlannedFault,
  Step,
} from "./plan.ts";
import { type CutPoint, planTossFault } from "./plan-faults.ts";
import { planWebhookFault } from "./plan-webhooks.ts";
import type { Random } from "../support/random.ts";
import type { Story } from "./story.ts";

/** Final refusals of a card company (Toss: confirm errors). */
const DECLINES = [
  "REJECT_CARD_PAYMENT",
  "REJECT_CARD_COMPANY",
  "INVALID_STOPPED_CARD",
];

const FORGED_STATUSES = ["DONE", "CANCELED", "EXPIRED", "ABORTED"];

function planPayment(random: Random): PaymentPlan {
  return {
    decline: random.chance(0.15) ? random.pick(DECLINES) : null,
    isTampered: random.chance(0.05),
    isAuthenticated: random.chance(0.95),
  };
}

function planOrder(random: Random): OrderPlan {
  const goods = random.pick(
    ["chaos-unlimited", "chaos-limited", "chaos-pass"] as const,
  );
  const payments = [planPayment(random)];
  if (random.chance(0.25)) payments.push(planPayment(random));
  const quantity = goods === "chaos-pass" ? 1 : random.integer(1, 3);
  return { goods, quantity, payments, account: null, isOwned: false };
}

function refsOf(orders: OrderPlan[]): PaymentRef[] {
  return orders.flatMap(({ payments }, order) =>
    payments.map((_, payment) => ({ order, payment }))
  );
}

function planConfirm(random: Random, target: PaymentRef): Step {
  return {
    kind: "confirm",
    ...target,
    method: random.pick(["POST", "GET"]),
    copies: random.chance(0.7) ? 1 : random.integer(2, 4),
    isTampered: random.chance(0.05),
  };
}

/** The buyers come back from the payment window, most of them. */
function planArrivals(
  random: Random,
  refs: PaymentRef[],
  point: CutPoint | null,
): Step[] {
  const arriving = refs.filter(({ order, payment }) =>
    random.chance(payment === 0 ? 0.9 : 0.7) ||
    (point?.needs !== undefined && order === 0 && payment === 0)
  );
  return arriving.map((target) => planConfirm(random, target));
}

/** What may happen at any later moment. */
function planLater(random: Random, refs: PaymentRef[]): Step {
  const target = random.pick(refs);
  const job = random.pick(["operations", "webhooks", "expiry"] as const);
  return random.pick<Step>([
    planConfirm(random, target),
    { kind: "cancel", share: random.pick(["full", "half"]), ...target },
    { kind: "cancel", share: "half", ...target },
    { kind: "resend", ...target },
    {
      kind: "forge",
      ...target,
      isKnown: random.chance(0.6),
      status: random.pick(FORGED_STATUSES),
    },
    { kind: "work", job, copies: random.integer(1, 2) },
  ]);
}

function planMoments(
  random: Random,
  refs: PaymentRef[],
  point: CutPoint | null,
): Step[][] {
  const moments = [planArrivals(random, refs, point)];
  const laterMoments = random.integer(1, 3);
  for (let count = 0; count < laterMoments; count++) {
    if (random.chance(0.4)) {
      const seconds = random.pick([3, 6, 30, 300, 1200]);
      moments.push([{ kind: "advance", seconds }]);
    }
    const steps = random.integer(1, 3);
    moments.push(Array.from({ length: steps }, () => planLater(random, refs)));
  }
  return moments;
}

function planFaults(
  random: Random,
  refs: PaymentRef[],
  point: CutPoint | null,
): PlannedFault[] {
  const faults: PlannedFault[] = [];
  const first = refs[0];
  const needsFault = point?.needs === "fault" ||
    point?.needs === "operations";
  if (needsFault && first) {
    faults.push(planTossFault(random, first, "confirm"));
  }
  for (const target of refs) {
    if (random.chance(0.4)) {
      faults.push(planTossFault(random, target, "confirm"));
    }
    if (random.chance(0.3)) {
      faults.push(planTossFault(random, target, "query"));
    }
    if (random.chance(0.3)) faults.push(planWebhookFault(random, target));
  }
  return faults;
}

/** Buyers who pay by card, more or less well. */
export function planPurchases(random: Random, point: CutPoint | null): Story {
  const orders = Array.from(
    { length: random.integer(1, 3) },
    () => planOrder(random),
  );
  const first = orders[0]?.payments[0];
  if (point?.needs !== undefined && first) {
    const decline = point.needs === "refusal" ? random.pick(DECLINES) : null;
    Object.assign(first, { decline, isTampered: false, isAuthenticated: true });
  }
  const refs = refsOf(orders);
  return {
    orders,
    refunds: [],
    faults: planFaults(random, refs, point),
    moments: planMoments(random, refs, point),
  };
}
