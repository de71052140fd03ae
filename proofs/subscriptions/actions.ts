import { DAY } from "./calendar.ts";
import { attempt, end } from "./charges.ts";
import { isClaimed } from "./claims.ts";
import { chargeDue } from "./jobs.ts";
import {
  type Charge,
  type Model,
  type Payment,
  type Plan,
  planOf,
  type Subscription,
} from "./state.ts";
import {
  isLimited,
  type Moment,
  PROCESSING,
  type Told,
  toldOf,
} from "./told.ts";
import { heldPayments, undoLater } from "./undo.ts";

function beginTrial(model: Model, plan: Plan, card: number, now: number): void {
  const to = now + plan.trialDays * DAY;
  model.hadTrial.push(plan.id);
  model.subscriptions.push({
    id: null,
    plan,
    status: "trialing",
    card,
    needsCard: false,
    methodChangedAt: 0,
    anchor: to,
    anchorPeriod: 0,
    period: -1,
    from: now,
    to,
    hasNotice: false,
    next: null,
    debt: null,
    open: null,
    spans: [{ plan: plan.id, from: now, to, payment: null }],
    payments: [],
    canceledNow: null,
  });
}

function start(
  model: Model,
  plan: Plan,
  card: number,
  { now, fate }: Moment,
): Told {
  const charge: Charge = {
    kind: "start",
    plan,
    least: plan.price,
    most: plan.price,
    period: 0,
    from: now,
    to: now,
    declinedSince: null,
    earlier: null,
  };
  return toldOf(attempt(model, null, charge, card, now, fate));
}

function isTrialFree(model: Model, plan: Plan): boolean {
  return plan.trialDays > 0 && !model.hadTrial.includes(plan.id) &&
    !model.subscriptions.some((one) => one.plan.id === plan.id);
}

/** `subscribe`: a plan with a registered card. */
export function subscribe(
  model: Model,
  planId: string,
  card: number,
  moment: Moment,
): Told {
  const plan = planOf(planId);
  const lives = model.subscriptions.some((one) =>
    one.status !== "canceled" && one.plan.id === planId && one.card === card
  );
  if (lives) return "ok";
  const isOpen = model.starts.some((open) =>
    open.plan.id === planId && open.card === card
  );
  if (isOpen) return PROCESSING;
  if (isClaimed(model, plan, null)) return "already_subscribed";
  if (model.cards[card]?.isRemoved !== false) return "billing_method_not_found";
  if (isTrialFree(model, plan)) {
    beginTrial(model, plan, card, moment.now);
    return "ok";
  }
  if (isLimited(model, moment.now)) return "too_many_attempts";
  return start(model, plan, card, moment);
}

function asksForCard({ status, needsCard }: Subscription): boolean {
  return status === "past_due" || (status !== "canceled" && needsCard);
}

function isOwing({ debt, open }: Subscription): boolean {
  return debt !== null && open === null;
}

/** How many debts a new card would be charged at once. */
export function countDebts({ subscriptions }: Model): number {
  return subscriptions.filter((one) => asksForCard(one) && isOwing(one)).length;
}

/** A card is registered, with or without a plan. What is owed is charged to it at once. */
export function register(
  model: Model,
  planId: string | null,
  { now, ...way }: Moment,
): Told {
  const plan = planId === null ? null : planOf(planId);
  if (plan !== null && isClaimed(model, plan, null)) {
    return "already_subscribed";
  }
  if (isLimited(model, now)) return "too_many_attempts";
  const card = model.cards.length;
  model.cards.push({
    behaviour: "ok",
    isRemoved: false,
    registeredAt: now,
    removedAt: 0,
  });
  const asking = model.subscriptions.filter(asksForCard);
  for (const one of asking) {
    one.card = card;
    one.needsCard = false;
    one.methodChangedAt = now;
  }
  const debts = asking.filter(isOwing);
  let told: Told = "ok";
  if (plan !== null && isTrialFree(model, plan)) {
    beginTrial(model, plan, card, now);
  }
  // Toss's next answer is that to the first debt, else to the plan's first charge.
  for (const [index, one] of debts.entries()) {
    chargeDue(model, one, now, index === way.first ? way.fate : "answered");
  }
  if (plan !== null && !isTrialing(model, plan)) {
    const fate = debts.length === 0 ? way.fate : "answered";
    told = start(model, plan, card, { ...way, now, fate });
  }
  return told;
}

function isTrialing(model: Model, plan: Plan): boolean {
  return model.subscriptions.some((one) =>
    one.status === "trialing" && one.plan.id === plan.id
  );
}

/** A card is removed; who pays with it needs another one. */
export function remove(model: Model, card: number, now: number): Told {
  const removed = model.cards[card];
  if (removed === undefined) return "billing_method_not_found";
  if (!removed.isRemoved) removed.removedAt = now;
  removed.isRemoved = true;
  for (const one of model.subscriptions) {
    if (one.status !== "canceled" && one.card === card) one.needsCard = true;
  }
  return "ok";
}

/** A payment is given back in Toss's dashboard. */
export function refund(
  model: Model,
  payment: Payment,
  amount: number | null,
  now: number,
): void {
  payment.refunded = amount === null
    ? payment.least
    : Math.min(payment.refunded + amount, payment.least);
  if (payment.refunded < payment.least) return;
  const of = model.subscriptions.find((one) => one.payments.includes(payment));
  if (of === undefined) return;
  for (const span of of.spans) {
    if (span.payment === payment) span.to = Math.min(span.to, now);
  }
  if (of.status === "canceled" || payment.period !== of.period) return;
  if (heldPayments(of).length === 0) return end(of, now);
  undoLater(model, of);
}
