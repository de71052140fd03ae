import { beginTrial, isTrialFree, start } from "./begin.ts";
import { end } from "./charges.ts";
import { isClaimed } from "./claims.ts";
import { wasShownOther } from "./registration.ts";
import { type Model, type Payment, planOf } from "./state.ts";
import { isLimited, type Moment, PROCESSING, type Told } from "./told.ts";
import { heldPayments, undoLater } from "./undo.ts";

/** `subscribe`: a plan with a registered card. */
export function subscribe(
  model: Model,
  planId: string,
  card: number,
  moment: Moment,
): Told {
  const plan = planOf(model, planId);
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
  if (wasShownOther(model, plan, moment.now)) return "payment_amount_mismatch";
  if (isTrialFree(model, plan)) {
    beginTrial(model, plan, card, moment.now);
    return "ok";
  }
  if (isLimited(model, moment.now)) return "too_many_attempts";
  return start(model, plan, card, moment);
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
