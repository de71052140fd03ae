import type { Model, Subscription } from "./state.ts";
import type { Seen } from "./seen.ts";

/** Finds the payments of the model at Toss, each once. */
function recognise(model: Model, seen: Seen): void {
  const known = new Set(model.payments.map(({ paymentKey }) => paymentKey));
  for (const { paymentKey, amount } of seen.payments) {
    if (known.has(paymentKey)) continue;
    const found = model.payments.find((payment) =>
      payment.paymentKey === null && amount >= payment.least &&
      amount <= payment.most
    );
    if (found === undefined) continue;
    found.paymentKey = paymentKey;
    found.least = amount;
    found.most = amount;
  }
}

/** Finds the subscriptions of the model in the database; which of two that begin at once is first is left to it. */
function order(model: Model, { subscriptions }: Seen): void {
  const known = new Set(model.subscriptions.map(({ id }) => id));
  for (const { id, plan } of subscriptions) {
    if (known.has(id)) continue;
    const found = model.subscriptions.find((one) =>
      one.id === null && one.plan.id === plan
    );
    if (found !== undefined) found.id = id;
  }
  const place = new Map(subscriptions.map(({ id }, index) => [id, index]));
  const placeOf = ({ id }: Subscription) => place.get(id ?? "") ?? Infinity;
  model.subscriptions.sort((one, other) => placeOf(one) - placeOf(other));
}

function describeMoney(model: Model, seen: Seen): [unknown, unknown] {
  const expected = model.payments.map(({ paymentKey, least, refunded }) => {
    const { amount = 0, refunded: given = 0 } = seen.payments.find((one) =>
      one.paymentKey === paymentKey
    ) ?? {};
    // Shares of a period are counted in seconds.
    const isShare = refunded < least &&
      Math.abs(given - refunded) <= 1 + amount / 10_000;
    return { paymentKey, amount: least, refunded: isShare ? given : refunded };
  });
  const sort = (payments: Seen["payments"]) =>
    payments.toSorted((a, b) => a.paymentKey < b.paymentKey ? -1 : 1);
  return [
    sort(expected.map((one) => ({ ...one, paymentKey: one.paymentKey ?? "" }))),
    sort(seen.payments),
  ];
}

function accessOf(model: Model, now: number): string[] {
  const plans = model.subscriptions.flatMap(({ spans }) =>
    spans.filter(({ from, to }) => from <= now && now < to)
      .map(({ plan }) => plan)
  );
  return [...new Set(plans)].sort();
}

/** By the view `user_plans`: a renewal that is due is awaited, not missing, until the job comes. */
function shownPlans(model: Model, now: number): string[] {
  const awaited = model.subscriptions.filter((one) =>
    (one.status === "active" || one.status === "trialing") &&
    !one.hasNotice && one.debt === null && one.open === null && one.to <= now
  ).map(({ plan }) => plan.id);
  return [...new Set([...accessOf(model, now), ...awaited])].sort();
}

function describeModel(model: Model) {
  return model.subscriptions.map((one) => ({
    plan: one.plan.id,
    status: one.status,
    next: one.status === "canceled" ? null : one.next?.id ?? null,
    isOpen: one.open !== null,
    hasNotice: one.status !== "canceled" && one.hasNotice,
  }));
}

function describeCards({ cards }: Model): string[] {
  return cards.map(({ isRemoved }) => isRemoved ? "deleted" : "active");
}

function describeSeen(seen: Seen) {
  return seen.subscriptions.map((
    { plan, status, next, isOpen, hasNotice },
  ) => ({
    plan,
    status,
    next: status === "canceled" ? null : next,
    isOpen,
    hasNotice: status !== "canceled" && hasNotice,
  }));
}

/** The first thing in which a model and the world differ: what it is, as the model has it, as the world has it. */
export function compare(model: Model, seen: Seen, now: number) {
  order(model, seen);
  const pairs: [string, unknown, unknown][] = [
    ["subscriptions", describeModel(model), describeSeen(seen)],
    ["cards", describeCards(model), seen.cards],
    ["access", accessOf(model, now), seen.access],
    ["user_plans", shownPlans(model, now), seen.shown],
  ];
  recognise(model, seen);
  pairs.push(["payments", ...describeMoney(model, seen)]);
  return pairs.find(([, expected, actual]) =>
    JSON.stringify(expected) !== JSON.stringify(actual)
  );
}
