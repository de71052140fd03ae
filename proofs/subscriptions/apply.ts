import * as actions from "./actions.ts";
import type { Fate } from "./charges.ts";
import type { Model } from "./state.ts";
import type { Step } from "./steps.ts";

/** What an action needs to know beside its step: the moment, and who it is about. */
export interface Circumstances {
  now: number;
  card: number;
  /** The place of the subscription. */
  subscription: number;
  paymentKey: string | null;
  /** How much of the payment goes back; null: the rest. */
  amount: number | null;
}

/** Lets an action happen in a model; what is told. Waiting is no action. */
export function apply(
  model: Model,
  step: Step,
  circumstances: Circumstances,
  fate: Fate,
): actions.Told {
  const { now, card } = circumstances;
  const moment = { now, fate };
  switch (step.do) {
    case "register":
      return actions.register(model, step.plan, moment);
    case "subscribe":
      return actions.subscribe(model, step.plan, card, moment);
    case "remove":
      return actions.remove(model, card, now);
    case "card": {
      const changed = model.cards[card];
      if (changed !== undefined) changed.behaviour = step.behaviour;
      return "ok";
    }
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
      return applyChange(model, step, circumstances, fate);
  }
}

function applyChange(
  model: Model,
  step: Extract<Step, { subscription: number }>,
  { now, card, subscription }: Circumstances,
  fate: Fate,
): actions.Told {
  const of = model.subscriptions[subscription];
  if (of === undefined) return "no such subscription";
  switch (step.do) {
    case "notice":
      return actions.giveNotice(of, now);
    case "resume":
      return actions.resume(of, now);
    case "cancel_now":
      return actions.cancelNow(of, step.prorated, now, fate);
    case "change_plan":
      return actions.changePlan(model, of, step.plan, { now, fate });
    case "change_method":
      return actions.changeMethod(model, of, card, { now, fate });
    case "retry":
      return actions.retry(model, of, { now, fate });
  }
}
