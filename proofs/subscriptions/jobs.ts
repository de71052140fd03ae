import {
  attempt,
  conclude,
  end,
  type Ending,
  type Fate,
  isUsable,
  settleDeclined,
  startOf,
} from "./charges.ts";
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
  while (startOf(of, period + 1) <= now) period++;
  const { plan } = of;
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
  if (of.debt !== null) return of.debt.nextAt ?? of.debt.graceEnd;
  return of.to;
}

/**
 * A run of the jobs, after what was open can be asked about.
 *
 * @param fates what becomes of the charges that are due, when the run is killed
 */
export function tick(
  model: Model,
  now: number,
  fates: readonly Fate[] = [],
): void {
  for (const payment of model.payments) {
    payment.refunded += payment.promised;
    payment.promised = 0;
  }
  for (const of of [...model.subscriptions]) {
    if (of.open !== null) conclude(model, of, of.open, now);
  }
  for (const start of [...model.starts]) conclude(model, null, start, now);
  let charged = 0;
  for (const of of model.subscriptions) {
    for (let rounds = 0; rounds < 20; rounds++) {
      const at = nextEvent(of);
      if (at === null || at > now) break;
      if (of.hasNotice) end(of, of.to);
      else if (of.debt !== null && of.debt.nextAt === null) {
        end(of, of.debt.graceEnd);
      } else chargeDue(model, of, now, fates[charged++] ?? "answered");
    }
  }
}
