import { conclude, end, type Fate, finish } from "./charges.ts";
import { chargeDue, nextEvent } from "./due.ts";
import { finishRegistration } from "./registration.ts";
import type { Model, OpenCharge, Subscription } from "./state.ts";
import { plainWay } from "./told.ts";

/** Ends, or charges, a subscription of which something is due. */
export function takeTurn(
  model: Model,
  of: Subscription,
  now: number,
  fate: Fate,
): void {
  if (of.hasNotice) end(of, of.to);
  else if (of.debt !== null && of.debt.nextAt === null) {
    finish(model, of, of.debt.graceEnd);
  } else chargeDue(model, of, now, fate);
}

/** More periods than any step lets go by. */
const MOST_ROUNDS = 100;

/** Charges and ends what is due. */
export function chargeAllDue(model: Model, now: number): void {
  for (const of of model.subscriptions) {
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
      const at = nextEvent(of);
      if (at === null || at > now) break;
      takeTurn(model, of, now, "answered");
    }
  }
}

/** Everything that the shop asks Toss about. */
export function openCharges(model: Model): OpenCharge[] {
  const open = model.subscriptions.map((of) => of.open).filter((one) =>
    one !== null
  );
  return [...open, ...model.starts];
}

/** The shop learns of one of them what happened at Toss. */
export function concludeOne(model: Model, open: OpenCharge, now: number): void {
  const of = model.subscriptions.find((one) => one.open === open) ?? null;
  conclude(model, of, open, now);
}

/** What was promised back is made. */
export function makeRefunds(model: Model): void {
  for (const payment of model.payments) {
    payment.refunded += payment.promised;
    payment.promised = 0;
    payment.isUnproven = false;
  }
}

/** A run of the jobs, after what was open can be asked about. */
export function tick(model: Model, now: number): void {
  makeRefunds(model);
  for (const open of openCharges(model)) concludeOne(model, open, now);
  chargeAllDue(model, now);
  for (const registration of model.registrations) {
    finishRegistration(model, registration, { ...plainWay("answered"), now });
  }
  model.registrations = [];
  chargeAllDue(model, now);
}
