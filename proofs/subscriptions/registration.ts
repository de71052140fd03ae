import { beginTrial, isTrialFree, start } from "./begin.ts";
import { DAY } from "./calendar.ts";
import { PATIENCE } from "./charges.ts";
import { isClaimed } from "./claims.ts";
import { chargeDue } from "./due.ts";
import {
  type Model,
  type OpenRegistration,
  type Plan,
  planOf,
  type Subscription,
} from "./state.ts";
import { isLimited, type Moment, type Told } from "./told.ts";

/** `billing-issue/prepare` shows what a plan costs, which is good for a day. */
function show(model: Model, { id, price }: Plan, at: number): void {
  model.shown[id] = { price, at };
}

/** Whether the user was shown another price than a plan has now. */
export function wasShownOther(model: Model, plan: Plan, now: number): boolean {
  const shown = model.shown[plan.id];
  return shown !== undefined && shown.at > now - DAY &&
    shown.price !== plan.price;
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

/**
 * A card or an account is registered, with or without a plan. What is owed is charged to it at once.
 *
 * @param newPrice what the plan costs from the moment on in which it was shown; null: as before
 */
export function register(
  model: Model,
  { planId, isAccount }: { planId: string | null; isAccount: boolean },
  newPrice: number | null,
  moment: Moment,
): Told {
  const { now, stage } = moment;
  if (planId !== null) {
    const shown = planOf(model, planId);
    if (isClaimed(model, shown, null)) return "already_subscribed";
    show(model, shown, now);
    if (newPrice !== null) model.prices[planId] = newPrice;
  }
  if (stage === "shown") return "ok";
  const plan = planId === null ? null : planOf(model, planId);
  if (plan !== null && wasShownOther(model, plan, now)) {
    return "payment_amount_mismatch";
  }
  if (isLimited(model, now)) return "too_many_attempts";
  const registration = { plan, isAccount, begunAt: now };
  if (stage === "begun") {
    model.registrations.push(registration);
    return "processing";
  }
  return finishRegistration(model, registration, moment);
}

/** Toss has issued the key: the card is there, and what waits for it is charged. */
export function finishRegistration(
  model: Model,
  { plan, isAccount, begunAt }: OpenRegistration,
  { now, ...way }: Moment,
): Told {
  if (now - begunAt > PATIENCE) return "billing_issue_failed";
  const card = model.cards.length;
  model.cards.push({
    isAccount,
    behaviour: "ok",
    isRemoved: false,
    isGone: false,
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
  const begun = plan === null ? "ok" : beginPlan(model, plan, card, now);
  for (const [index, one] of debts.entries()) {
    const fate = way.debts[index];
    if (fate !== null) chargeDue(model, one, now, fate ?? "answered");
    else if (one.debt !== null) one.debt.nextAt = now;
  }
  if (plan === null || begun !== null) return begun ?? "ok";
  return start(model, plan, card, { ...way, now });
}

/** What is told of a plan whose card is registered; null when its first period is to be charged. */
function beginPlan(
  model: Model,
  plan: Plan,
  card: number,
  now: number,
): Told | null {
  if (isClaimed(model, plan, null)) return "already_subscribed";
  if (planOf(model, plan.id).price !== plan.price) {
    return "payment_amount_mismatch";
  }
  if (!isTrialFree(model, plan)) return null;
  beginTrial(model, plan, card, now);
  return "ok";
}
