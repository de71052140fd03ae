import * as actions from "./actions.ts";
import * as changes from "./changes.ts";
import type { Fate } from "./charges.ts";
import { countDebts, register } from "./registration.ts";
import { type Model, planOf, type Subscription } from "./state.ts";
import type { Step } from "./steps.ts";
import {
  type Moment,
  plainWay,
  type RefundFate,
  type Told,
  type Way,
} from "./told.ts";
import { isRefundOpen, paymentsOfPeriod } from "./undo.ts";

/** What an action needs to know beside its step: the moment, and who it is about. */
export interface Circumstances {
  now: number;
  card: number;
  /** The place of the subscription. */
  subscription: number;
  paymentKey: string | null;
  /** How much of the payment goes back; null: the rest. */
  amount: number | null;
  /** What the shop makes of the price of the step's plan; null: nothing. */
  newPrice: number | null;
}

/** Lets an action happen in a model; what is told. Waiting is no action. */
export function apply(
  model: Model,
  step: Step,
  circumstances: Circumstances,
  way: Way,
): Told {
  const { now, card } = circumstances;
  const moment = { ...way, now };
  switch (step.do) {
    case "register":
      return register(
        model,
        { planId: step.plan, isAccount: step.isAccount === true },
        circumstances.newPrice,
        moment,
      );
    case "subscribe":
      return actions.subscribe(model, step.plan, card, moment);
    case "remove":
      return actions.remove(model, card, now);
    case "card": {
      const changed = model.cards[card];
      if (changed !== undefined) changed.behaviour = step.behaviour;
      return "ok";
    }
    case "key_gone": {
      if (step.isHeard) return actions.remove(model, card, now);
      const changed = model.cards[card];
      if (changed !== undefined) changed.isGone = true;
      return "ok";
    }
    case "price":
      model.prices[step.plan] = circumstances.newPrice ??
        planOf(model, step.plan).price;
      return "ok";
    case "refund": {
      const { paymentKey, amount } = circumstances;
      const payment = model.payments.find((one) =>
        one.paymentKey === paymentKey
      );
      if (payment !== undefined) actions.refund(model, payment, amount, now);
      return "ok";
    }
    case "wait":
    case "wait_for_event":
      return "ok";
    default:
      return applyChange(model, step, circumstances, moment);
  }
}

function applyChange(
  model: Model,
  step: Extract<Step, { subscription: number }>,
  { now, card, subscription }: Circumstances,
  moment: Moment,
): Told {
  const of = model.subscriptions[subscription];
  if (of === undefined) return "no such subscription";
  switch (step.do) {
    case "notice":
      return changes.giveNotice(of, now);
    case "resume":
      return changes.resume(of, now);
    case "cancel_now":
      return changes.cancelNow(of, step.prorated, moment);
    case "change_plan":
      return changes.changePlan(model, of, step.plan, moment);
    case "change_method":
      return changes.changeMethod(model, of, card, moment);
    case "retry":
      return changes.retry(model, of, moment);
  }
}

/** More refunds of one period make too many guesses. */
const MOST_REFUNDS = 3;

const REFUND_FATES: readonly RefundFate[] = ["made", "unproven", "left"];

/** All that can become of a request to Toss. */
export const FATES: readonly Fate[] = ["answered", "lost", "unsent"];

/** Each set of a subscription's refunds may be made, and the others be held by whoever died over them. */
function waysOfRefunds(of: Subscription | undefined): Way[] {
  const count = of === undefined ? 0 : paymentsOfPeriod(of).length;
  return combinations(Math.min(count, MOST_REFUNDS), REFUND_FATES).map((
    made,
  ) => ({ ...plainWay("answered"), made }));
}

/** All the ways in which an action that was answered may have gone. */
export function waysOf(
  model: Model,
  step: Step,
  { subscription }: Circumstances,
): Way[] {
  if (step.do === "cancel_now") {
    const of = model.subscriptions[subscription];
    const isOpen = of?.payments.some(isRefundOpen) === true;
    return isOpen ? waysOfRefunds(of) : [plainWay("answered")];
  }
  const way = plainWay("fate" in step ? step.fate : "answered");
  const debts = step.do === "register" ? countDebts(model) : 0;
  if (way.fate === "answered" || debts === 0) return [way];
  // Toss's next answer is that to one of the debts; which one is asked about first is nobody's business.
  return Array.from({ length: debts }, (_, first) => ({
    ...plainWay("answered"),
    debts: Array.from(
      { length: debts },
      (_, index) => index === first ? way.fate : "answered",
    ),
  }));
}

/** Each of `count` things with each of the choices. */
export function combinations<Choice>(
  count: number,
  choices: readonly Choice[],
): Choice[][] {
  if (count === 0) return [[]];
  return combinations(count - 1, choices).flatMap((chosen) =>
    choices.map((choice) => [...chosen, choice])
  );
}

/** All the ways in which a registration may have gone on that was killed after it was written down. */
export function waysOfRegistration(model: Model): Way[] {
  const done = combinations(Math.min(countDebts(model), 3), [...FATES, null])
    .flatMap((debts) => FATES.map((fate) => ({ ...plainWay(fate), debts })));
  return [{ ...plainWay("answered"), stage: "begun" }, ...done];
}

/** All the ways in which an action may have gone that was killed after it began. */
export function waysOfKilled(
  model: Model,
  step: Step,
  { subscription }: Circumstances,
): Way[] {
  if (step.do === "register") {
    const shown: Way = { ...plainWay("answered"), stage: "shown" };
    return [shown, ...waysOfRegistration(model)];
  }
  if (step.do === "cancel_now") {
    return waysOfRefunds(model.subscriptions[subscription]);
  }
  return "fate" in step ? FATES.map(plainWay) : [plainWay("answered")];
}
