import {
  attempt,
  type Ending,
  type Fate,
  settleDeclined,
  startOf,
} from "./charges.ts";
import { isUsable } from "./cards.ts";
import type { Charge, Model, Subscription } from "./state.ts";

/** The next period of a subscription, with the plan chosen for it; periods that are over were missed. */
export function nextPeriod(of: Subscription, now: number): Charge {
  if (of.next !== null) {
    if (of.next.unit !== of.plan.unit || of.next.count !== of.plan.count) {
      of.anchor = of.to;
      of.anchorPeriod = of.period + 1;
    }
    of.plan = of.next;
    of.next = null;
  }
  let period = of.period + 1;
  const { plan } = of;
  while (plan.catchUp === "current" && startOf(of, period + 1) <= now) period++;
  return {
    kind: "renewal",
    plan,
    least: plan.price,
    most: plan.price,
    period,
    from: startOf(of, period),
    to: startOf(of, period + 1),
    declinedSince: null,
    earlier: null,
  };
}

/** Charges a debt, or the next period. Without a card that works Toss is not asked. */
export function chargeDue(
  model: Model,
  of: Subscription,
  now: number,
  fate: Fate,
): Ending {
  const charge = of.debt ?? nextPeriod(of, now);
  if (isUsable(model, of.card)) {
    return attempt(model, of, charge, of.card, now, fate);
  }
  const refused = { ...charge, card: null, begunAt: null };
  settleDeclined(model, of, refused, "hard", now);
  return "declined";
}

/** When something happens to a subscription by itself; null when nothing does. */
export function nextEvent(of: Subscription): number | null {
  if (of.status === "canceled" || of.open !== null) return null;
  if (of.debt === null) return of.to;
  const { nextAt, graceEnd } = of.debt;
  return nextAt ?? (graceEnd === Infinity ? null : graceEnd);
}
