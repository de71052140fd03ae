import { DAY, MINUTE } from "./calendar.ts";
import { leastCharge } from "./cards.ts";
import { attempt, end } from "./charges.ts";
import { isClaimed } from "./claims.ts";
import { chargeDue } from "./due.ts";
import {
  type Charge,
  type Model,
  type Plan,
  planOf,
  type Subscription,
} from "./state.ts";
import {
  IN_PROGRESS,
  isLimited,
  type Moment,
  PROCESSING,
  type RefundFate,
  refused,
  type Told,
  toldOf,
} from "./told.ts";
import { isRefundOpen, paymentsOfPeriod } from "./undo.ts";

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
  { now, made }: Moment,
): Told {
  if (of.status !== "canceled") {
    if (of.open !== null) return IN_PROGRESS;
    const isRunning = of.status === "active" && now < of.to;
    of.canceledNow = { at: now, isRunning, isRefunded: isProrated };
    if (isProrated) promiseRest(of);
    end(of, now);
    return makePromised(of, made);
  }
  if (of.canceledNow === null) return refused("not_possible_when_canceled");
  if (isProrated && !of.canceledNow.isRefunded && !promiseRest(of)) {
    return refused("nothing_to_refund");
  }
  return makePromised(of, made);
}

/** Of what the shop has kept of each payment of the period, the part of its time that is left. */
function promiseRest(of: Subscription): boolean {
  const ended = of.canceledNow;
  if (ended?.isRunning !== true) return false;
  let isPromised = false;
  for (const payment of paymentsOfPeriod(of)) {
    const left = payment.to - Math.max(ended.at, payment.from);
    const kept = payment.least - payment.refunded;
    const rest = Math.floor(kept * left / (payment.to - payment.from));
    if (rest <= 0) continue;
    payment.promised += rest;
    isPromised = true;
  }
  ended.isRefunded ||= isPromised;
  return isPromised;
}

/** Promised is promised: what is not made at once, the worker sees to. */
function makePromised(of: Subscription, made: readonly RefundFate[]): Told {
  const promised = paymentsOfPeriod(of);
  for (const [index, payment] of promised.entries()) {
    const fate = made[index] ?? "made";
    if (fate === "left") continue;
    payment.isUnproven = fate === "unproven" &&
      (payment.isUnproven || payment.promised > 0);
    payment.refunded += payment.promised;
    payment.promised = 0;
  }
  return promised.some(isRefundOpen) ? PROCESSING : "ok";
}

/** `change_plan` */
export function changePlan(
  model: Model,
  of: Subscription,
  planId: string,
  moment: Moment,
): Told {
  if (of.status === "canceled" || of.status === "past_due") {
    return refused(`not_possible_when_${of.status}`);
  }
  if (of.open !== null) return IN_PROGRESS;
  if (of.hasNotice) return refused("notice_given");
  const wanted = planOf(model, planId);
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
  if (!isDearer || moment.now >= of.to) {
    of.next = wanted;
    return "ok";
  }
  return upgrade(model, of, wanted, moment);
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
  if (most < leastCharge(model, of.card)) {
    of.plan = wanted;
    of.next = null;
    for (const span of of.spans) if (span.to > now) span.plan = wanted.id;
    return "ok";
  }
  if (model.cards[of.card]?.isRemoved !== false) {
    return refused("needs_payment_method");
  }
  // One that is declined again and again tries a card.
  const wasDeclined = of.declinedUpgradeAt > now - DAY;
  if (wasDeclined && isLimited(model, now)) return "too_many_attempts";
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
  // Refused, what is open goes on to this one.
  const isNext = of.open?.kind === "renewal" && of.open.card !== card &&
    of.card !== card;
  if ((hasDebt || isNext) && isLimited(model, now)) return "too_many_attempts";
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
