import { DAY, MINUTE } from "./calendar.ts";
import {
  attempt,
  chargeDue,
  end,
  type Ending,
  type Fate,
  heldPayments,
  undoLater,
} from "./charges.ts";
import {
  type Charge,
  type Model,
  type Payment,
  type Plan,
  planOf,
  type Subscription,
} from "./state.ts";

/** What whoever asks is told: `ok`, `processing`, or the code (and reason) of a refusal. */
export type Told = string;

/** An action needs these. */
export interface Moment {
  now: number;
  fate: Fate;
}

const PROCESSING = "processing";
const IN_PROGRESS = "operation_in_progress";

function refused(reason: string): Told {
  return `invalid_request ${reason}`;
}

function toldOf(ending: Ending): Told {
  if (ending === "unknown") return PROCESSING;
  return ending === "paid" ? "ok" : "payment_confirm_failed";
}

function isRival(one: Plan, other: Plan): boolean {
  return one.id === other.id ||
    (one.group !== null && one.group === other.group);
}

/** Whether the user has, will have or is being charged for a plan or a rival of it. */
export function isClaimed(
  model: Model,
  plan: Plan,
  except: Subscription | null,
): boolean {
  const live = model.subscriptions.filter((one) =>
    one !== except && one.status !== "canceled"
  );
  return model.starts.some((start) => isRival(start.plan, plan)) ||
    model.subscriptions.some((one) =>
      // Also of one that has ended since: whether it was paid is not known.
      one !== except && one.open?.kind === "upgrade" &&
      isRival(one.open.plan, plan)
    ) ||
    live.some((one) =>
      isRival(one.plan, plan) || (one.next !== null && isRival(one.next, plan))
    );
}

/** The limit for attempts; counts one that is let through. */
function isLimited(model: Model, now: number): boolean {
  const since = (span: number) =>
    model.attempts.filter((at) => at > now - span).length;
  if (since(10 * MINUTE) >= 5 || since(DAY) >= 20) return true;
  model.attempts.push(now);
  return false;
}

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

/** A card is registered, with or without a plan. What is owed is charged to it at once. */
export function register(
  model: Model,
  planId: string | null,
  { now, fate }: Moment,
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
  const asking = model.subscriptions.filter((one) =>
    one.status === "past_due" || (one.status !== "canceled" && one.needsCard)
  );
  for (const one of asking) {
    one.card = card;
    one.needsCard = false;
    one.methodChangedAt = now;
  }
  const debts = asking.filter(({ debt, open }) =>
    debt !== null && open === null
  );
  let told: Told = "ok";
  if (plan !== null && isTrialFree(model, plan)) {
    beginTrial(model, plan, card, now);
  }
  // Toss's next answer is that to the first debt, else to the plan's first charge.
  for (const [index, one] of debts.entries()) {
    chargeDue(model, one, now, index === 0 ? fate : "answered");
  }
  if (plan !== null && !isTrialing(model, plan)) {
    const left = debts.length === 0 ? fate : "answered";
    told = start(model, plan, card, { now, fate: left });
  }
  return told;
}

function isTrialing(model: Model, plan: Plan): boolean {
  return model.subscriptions.some((one) =>
    one.status === "trialing" && one.plan.id === plan.id
  );
}

/** `cancel_at_period_end` */
export function giveNotice(of: Subscription, now: number): Told {
  if (of.status === "canceled") return refused("not_possible_when_canceled");
  if (of.open !== null) return IN_PROGRESS;
  if (of.status === "past_due") end(of, now);
  else {
    of.hasNotice = true;
  }
  return "ok";
}

/** `resume` */
export function resume(of: Subscription, now: number): Told {
  if (of.status === "canceled" || of.status === "past_due") {
    return refused(`not_possible_when_${of.status}`);
  }
  if (of.open !== null) return IN_PROGRESS;
  if (!of.hasNotice) return refused("no_notice_given");
  if (of.to <= now) return refused("period_is_over");
  of.hasNotice = false;
  return "ok";
}

/** `cancel_now`, without or with the money for the rest of the period. */
export function cancelNow(
  of: Subscription,
  isProrated: boolean,
  now: number,
  fate: Fate,
): Told {
  if (of.status !== "canceled") {
    if (of.open !== null) return IN_PROGRESS;
    const isRunning = of.status === "active" && now < of.to;
    of.canceledNow = { at: now, isRunning, isRefunded: isProrated };
    if (isProrated) giveBackRest(of, fate);
    end(of, now);
    return "ok";
  }
  if (of.canceledNow === null) return refused("not_possible_when_canceled");
  if (!isProrated || of.canceledNow.isRefunded) return "ok";
  return giveBackRest(of, fate) ? "ok" : refused("nothing_to_refund");
}

/** Of what the shop has kept of each payment of the period, the part of its time that is left. */
function giveBackRest(of: Subscription, fate: Fate): boolean {
  const ended = of.canceledNow;
  if (ended?.isRunning !== true) return false;
  let isGiven = false;
  for (const payment of of.payments) {
    if (payment.period !== of.period) continue;
    const left = payment.to - Math.max(ended.at, payment.from);
    const kept = payment.least - payment.refunded;
    const rest = Math.floor(kept * left / (payment.to - payment.from));
    if (rest <= 0) continue;
    // Promised is promised: the worker sees to it.
    if (fate === "unsent") payment.promised += rest;
    else payment.refunded += rest;
    isGiven = true;
  }
  ended.isRefunded ||= isGiven;
  return isGiven;
}

/** `change_plan` */
export function changePlan(
  model: Model,
  of: Subscription,
  planId: string,
  { now, fate }: Moment,
): Told {
  if (of.status === "canceled" || of.status === "past_due") {
    return refused(`not_possible_when_${of.status}`);
  }
  if (of.open !== null) return IN_PROGRESS;
  if (of.hasNotice) return refused("notice_given");
  const wanted = planOf(planId);
  if (wanted.id === of.plan.id) {
    of.next = null;
    return "ok";
  }
  if (isClaimed(model, wanted, of)) return "already_subscribed";
  if (of.status === "trialing") {
    of.plan = wanted;
    of.next = null;
    for (const span of of.spans) span.plan = wanted.id;
    return "ok";
  }
  const isDearer = wanted.unit === of.plan.unit &&
    wanted.count === of.plan.count && wanted.price > of.plan.price;
  if (!isDearer || now >= of.to) {
    of.next = wanted;
    return "ok";
  }
  return upgrade(model, of, wanted, { now, fate });
}

function upgrade(
  model: Model,
  of: Subscription,
  wanted: Plan,
  { now, fate }: Moment,
): Told {
  const price = (wanted.price - of.plan.price) / (of.to - of.from);
  const most = Math.floor(price * (of.to - now));
  // A minute may pass until it is asked for.
  const least = Math.floor(price * (of.to - now - MINUTE));
  if (most < 100) {
    of.plan = wanted;
    of.next = null;
    for (const span of of.spans) if (span.to > now) span.plan = wanted.id;
    return "ok";
  }
  if (model.cards[of.card]?.isRemoved !== false) {
    return refused("needs_payment_method");
  }
  const charge: Charge = {
    kind: "upgrade",
    plan: wanted,
    least,
    most,
    period: of.period,
    from: now,
    to: of.to,
    declinedSince: null,
    earlier: of.plan,
  };
  return toldOf(attempt(model, of, charge, of.card, now, fate));
}

/** `change_method`; a debt is charged to the card at once. */
export function changeMethod(
  model: Model,
  of: Subscription,
  card: number,
  { now, fate }: Moment,
): Told {
  if (of.status === "canceled") return refused("not_possible_when_canceled");
  if (model.cards[card]?.isRemoved !== false) return "billing_method_not_found";
  const hasDebt = of.debt !== null && of.open === null;
  if (hasDebt && isLimited(model, now)) return "too_many_attempts";
  of.card = card;
  of.needsCard = false;
  of.methodChangedAt = now;
  if (!hasDebt) return "ok";
  return chargeDue(model, of, now, fate) === "unknown" ? PROCESSING : "ok";
}

/** `retry_payment` */
export function retry(
  model: Model,
  of: Subscription,
  { now, fate }: Moment,
): Told {
  if (of.status !== "past_due") {
    return refused(`not_possible_when_${of.status}`);
  }
  if (of.open !== null) return IN_PROGRESS;
  if (of.debt === null) return refused("no_debt");
  if (model.cards[of.card]?.isRemoved !== false) {
    return refused("needs_payment_method");
  }
  if (isLimited(model, now)) return "too_many_attempts";
  return toldOf(chargeDue(model, of, now, fate));
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
  undoLater(of);
}
