import { afterMidnight, boundary, DAY, HOUR, MINUTE } from "./calendar.ts";
import { answerOf, isUsable, newestSince } from "./cards.ts";
import { undoLater } from "./undo.ts";
import type {
  Behaviour,
  Charge,
  Model,
  OpenCharge,
  Payment,
  Subscription,
} from "./state.ts";

/** What becomes of Toss's next answer: it comes, it is lost, or the request is. */
export type Fate = "answered" | "lost" | "unsent";

/** How an attempt ended for whoever waits. */
export type Ending = "paid" | "declined" | "unknown";

const SCHEDULE_DAYS = [1, 3, 5, 7];
const GRACE = 7 * DAY;
/** A first charge and an upgrade are sent for so long. */
export const PATIENCE = 30 * MINUTE;
/** Nothing is sent again under a key that is older. */
const KEY_LIFE = 14 * DAY;

/** The start of a period of a subscription. */
export function startOf(of: Subscription, period: number): number {
  const { unit, count } = of.plan;
  return boundary(of.anchor, unit, count, period - of.anchorPeriod);
}

/** Ends running access where other access, or none, takes over. */
export function cutAccess(of: Subscription, time: number): void {
  for (const span of of.spans) span.to = Math.min(span.to, time);
}

/** Ends a subscription with its access. */
export function end(of: Subscription, time: number): void {
  of.status = "canceled";
  of.debt = null;
  cutAccess(of, time);
}

function takeMoney(model: Model, charge: Charge): Payment {
  const { least, most, from, to, plan, earlier } = charge;
  const payment: Payment = {
    paymentKey: null,
    least,
    most,
    from,
    to,
    plan,
    earlier,
    refunded: 0,
    promised: 0,
    isUnproven: false,
    period: null,
  };
  model.payments.push(payment);
  return payment;
}

/** What follows when nobody has paid to the end of the grace. */
export function finish(model: Model, of: Subscription, time: number): void {
  if (model.finalAction === "cancel" || of.debt === null) return end(of, time);
  of.debt = { ...of.debt, nextAt: null, graceEnd: Infinity };
  of.needsCard = true;
  cutAccess(of, time);
}

/** A payment pays for its period. */
export function settlePaid(
  of: Subscription,
  charge: Charge,
  payment: Payment,
  model: Model,
): void {
  payment.period = charge.period;
  payment.from = charge.from;
  payment.to = charge.to;
  of.open = null;
  of.payments.push(payment);
  const span = {
    plan: charge.plan.id,
    from: charge.from,
    to: charge.to,
    payment,
  };
  if (charge.kind === "upgrade") {
    cutAccess(of, charge.from);
    of.next = null;
  } else {
    // What was given on credit is paid for.
    of.spans = of.spans.filter(({ from }) => from < charge.from);
    of.period = charge.period;
    of.from = charge.from;
    of.to = charge.to;
    of.debt = null;
    of.needsCard = !isUsable(model, of.card);
  }
  of.status = "active";
  of.plan = charge.plan;
  of.spans.push(span);
}

/** The subscription that a paid first period begins. */
export function beginPaid(
  model: Model,
  start: OpenCharge,
  payment: Payment,
  now: number,
): void {
  const { plan, card } = start;
  const to = boundary(now, plan.unit, plan.count, 1);
  const of: Subscription = {
    id: null,
    plan,
    status: "active",
    card: isUsable(model, card)
      ? card
      : newestSince(model, model.cards[card]?.removedAt ?? 0) ?? card,
    needsCard: false,
    methodChangedAt: 0,
    anchor: now,
    anchorPeriod: 0,
    period: 0,
    from: now,
    to,
    hasNotice: false,
    next: null,
    debt: null,
    open: null,
    spans: [],
    payments: [],
    canceledNow: null,
    declinedUpgradeAt: -Infinity,
  };
  model.subscriptions.push(of);
  settlePaid(of, { ...start, from: now, to }, payment, model);
}

function nextTry(
  behaviour: Exclude<Behaviour, "ok">,
  since: number,
  now: number,
): number | null {
  if (now >= since + GRACE || behaviour === "hard") return null;
  if (behaviour === "limit") return afterMidnight(now);
  const day = SCHEDULE_DAYS.find((days) => since + days * DAY > now);
  return day === undefined ? null : Math.max(since + day * DAY, now + HOUR);
}

/** A refusal belongs to the card that was tried; the days count from when it is known. */
export function settleDeclined(
  model: Model,
  of: Subscription,
  charge: Charge & { card: number | null; begunAt: number | null },
  behaviour: Exclude<Behaviour, "ok">,
  now: number,
): void {
  of.open = null;
  const isOfPresent = charge.card === null || charge.card === of.card;
  of.needsCard ||= (behaviour === "hard" && isOfPresent) ||
    !isUsable(model, of.card);
  const isRenewal = charge.kind === "renewal";
  const newer = charge.begunAt !== null && isOfPresent &&
      (isRenewal || of.needsCard)
    ? newestSince(model, Math.max(charge.begunAt, of.methodChangedAt))
    : null;
  if (newer !== null) {
    of.card = newer;
    of.needsCard = false;
    of.methodChangedAt = now;
  }
  if (!isRenewal) {
    of.declinedUpgradeAt = charge.begunAt ?? now;
    return undoLater(model, of);
  }
  const since = charge.declinedSince ?? now;
  const goesOn = !of.needsCard && (newer !== null || !isOfPresent);
  const nextAt = goesOn ? now : nextTry(behaviour, since, now);
  const graceEnd = Math.max(since + GRACE, nextAt ?? 0);
  of.status = "past_due";
  of.debt = { ...charge, declinedSince: since, nextAt, graceEnd };
  const isOver = !goesOn && nextAt === null &&
    (behaviour !== "hard" || now >= graceEnd);
  if (isOver) return finish(model, of, now);
  if (!goesOn) grant(of, charge, graceEnd);
}

/** Access to a period that is not paid (yet). */
function grant(of: Subscription, { plan, from }: Charge, to: number): void {
  of.spans = of.spans.filter((span) =>
    span.payment !== null || span.from < from
  );
  of.spans.push({ plan: plan.id, from, to, payment: null });
}

/** Charges a card; what the answer is, if there is one. */
export function attempt(
  model: Model,
  of: Subscription | null,
  charge: Charge,
  card: number,
  now: number,
  fate: Fate,
): Ending {
  const behaviour = answerOf(model, card, charge.most);
  const open: OpenCharge = { ...charge, card, begunAt: now, truth: null };
  if (fate !== "unsent") {
    open.truth = behaviour === "ok" ? takeMoney(model, charge) : behaviour;
  }
  if (of === null) model.starts.push(open);
  else {
    of.open = open;
    if (charge.kind === "renewal") {
      // While the answer is not known there is access.
      of.debt = null;
      grant(of, charge, Infinity);
    }
  }
  return fate === "answered" ? conclude(model, of, open, now) : "unknown";
}

/** The shop learns what happened at Toss, or sends again. */
export function conclude(
  model: Model,
  of: Subscription | null,
  open: OpenCharge,
  now: number,
): Ending {
  if (of?.status === "canceled") {
    // It ended meanwhile: nothing is sent any more, and what was taken pays for nothing.
    of.open = null;
    return typeof open.truth === "object" && open.truth !== null
      ? "paid"
      : "declined";
  }
  if (open.truth === null || open.truth === "gone") {
    return sendAgain(model, of, open, now);
  }
  return settle(model, of, open, open.truth, now);
}

function settle(
  model: Model,
  of: Subscription | null,
  open: OpenCharge,
  truth: Payment | Exclude<Behaviour, "ok">,
  now: number,
): Ending {
  model.starts = model.starts.filter((start) => start !== open);
  if (typeof truth === "string") {
    if (of !== null) settleDeclined(model, of, open, truth, now);
    return "declined";
  }
  if (of === null) beginPaid(model, open, truth, now);
  else settlePaid(of, open, truth, model);
  return "paid";
}

function sendAgain(
  model: Model,
  of: Subscription | null,
  open: OpenCharge,
  now: number,
): Ending {
  const isGivenUp = open.kind !== "renewal" &&
    (now - open.begunAt >= PATIENCE ||
      (open.kind === "upgrade" && now >= open.to));
  if (isGivenUp) {
    model.starts = model.starts.filter((start) => start !== open);
    if (of !== null) {
      of.open = null;
      of.declinedUpgradeAt = open.begunAt;
      undoLater(model, of);
    }
    return "declined";
  }
  const isRemoved = !isUsable(model, open.card);
  // An operator has to look, and an alert says so; until then there is access.
  if (!isRemoved && now - open.begunAt >= KEY_LIFE) return "unknown";
  const answer = answerOf(model, open.card, open.most);
  // What was answered under a key is answered again.
  if (isRemoved || open.truth === "gone" || answer === "gone") {
    return settle(model, of, open, "hard", now);
  }
  open.truth = answer === "ok" ? takeMoney(model, open) : answer;
  return settle(model, of, open, open.truth, now);
}
