import { DAY } from "./calendar.ts";
import { attempt } from "./charges.ts";
import type { Charge, Model, Plan } from "./state.ts";
import { type Moment, type Told, toldOf } from "./told.ts";

/** A trial, of which there is one a user and plan. */
export function beginTrial(
  model: Model,
  plan: Plan,
  card: number,
  now: number,
): void {
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

/** The first charge of a plan. */
export function start(
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

/** Whether a user has not had the trial of a plan. */
export function isTrialFree(model: Model, plan: Plan): boolean {
  return plan.trialDays > 0 && !model.hadTrial.includes(plan.id) &&
    !model.subscriptions.some((one) => one.plan.id === plan.id);
}
