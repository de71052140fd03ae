import * as actions from "./actions.ts";
import { MINUTE } from "./calendar.ts";
import { nextEvent, tick } from "./charges.ts";
import { emptyModel, type Model } from "./state.ts";
import type { Step } from "./steps.ts";
import type { Answer } from "./house.ts";
import type { Seen, World } from "./world.ts";

/** Where a sequence and the model part. */
export interface Difference {
  /** Counted from 0. */
  step: number;
  what: string;
  expected: unknown;
  actual: unknown;
}

/** Longer than a lease and the pauses between questions. */
const PATIENCE = 6 * MINUTE;
/** Events are met a little late, as by a job that runs every minute. */
const LATE = MINUTE;

function toldOf({ status, refusal }: Answer): string {
  if (refusal !== null) return refusal;
  return status === 202 ? "processing" : "ok";
}

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

function describeModel(model: Model) {
  return model.subscriptions.map((one) => ({
    plan: one.plan.id,
    status: one.status,
    next: one.status === "canceled" ? null : one.next?.id ?? null,
    isOpen: one.open !== null,
    hasNotice: one.status !== "canceled" && one.hasNotice,
  }));
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

function compare(model: Model, seen: Seen, now: number) {
  const pairs: [string, unknown, unknown][] = [
    ["subscriptions", describeModel(model), describeSeen(seen)],
    ["access", accessOf(model, now), seen.access],
    ["user_plans", accessOf(model, now), seen.shown],
  ];
  recognise(model, seen);
  pairs.push(["payments", ...describeMoney(model, seen)]);
  return pairs.find(([, expected, actual]) =>
    JSON.stringify(expected) !== JSON.stringify(actual)
  );
}

/** A moment at which nothing begins or ends, not even for a model whose times are seconds early. */
function clearOf(model: Model, time: number): number {
  const boundaries = model.subscriptions.flatMap((one) => [
    nextEvent(one) ?? 0,
    ...one.spans.flatMap(({ from, to }) => [from, to]),
  ]);
  for (;;) {
    const near = boundaries.filter((at) => Math.abs(at - time) < LATE / 2);
    if (near.length === 0) return time;
    time = Math.max(...near) + LATE;
  }
}

/** The events ahead: the model's own, and the moment at which what is open can be asked about. */
function nextMoment(model: Model, now: number): number | null {
  const isOpen = model.starts.length > 0 ||
    model.subscriptions.some(({ open }) => open !== null);
  const events = model.subscriptions.map(nextEvent)
    .filter((at) => at !== null)
    .map((at) => Math.max(at, now) + LATE);
  if (isOpen) events.push(now + PATIENCE);
  return events.length === 0 ? null : Math.min(...events);
}

/** One life of one user, in the world and in the model. */
class Sequence {
  readonly model = emptyModel();
  #seen: Seen | null = null;

  constructor(readonly world: World) {}

  async look(): Promise<Seen> {
    return this.#seen = await this.world.look();
  }

  async #tickAt(time: number): Promise<void> {
    await this.world.moveTo(clearOf(this.model, time));
    const now = this.world.now();
    await this.world.tick();
    tick(this.model, now);
  }

  async wait(time: number, isOutage: boolean): Promise<void> {
    const until = this.world.now() + time;
    for (let hops = 0; !isOutage && hops < 60; hops++) {
      const at = nextMoment(this.model, this.world.now());
      if (at === null || at >= until) break;
      await this.#tickAt(at);
    }
    await this.#tickAt(until);
  }

  /** @returns what was told by the model and by the shop */
  async take(step: Step): Promise<[string, string]> {
    const { world, model } = this;
    const now = world.now();
    switch (step.do) {
      case "register": {
        const answer = await world.register(step.plan, step.fate);
        return [
          actions.register(model, step.plan, { now, fate: step.fate }),
          toldOf(answer),
        ];
      }
      case "subscribe": {
        const card = this.#card(step.card);
        const answer = await world.subscribe(step.plan, card, step.fate);
        return [
          actions.subscribe(model, step.plan, card, { now, fate: step.fate }),
          toldOf(answer),
        ];
      }
      case "remove": {
        const card = this.#card(step.card);
        const answer = await world.remove(card);
        return [actions.remove(model, card), toldOf(answer)];
      }
      case "card": {
        const card = this.#card(step.card);
        const changed = model.cards[card];
        if (changed !== undefined) changed.behaviour = step.behaviour;
        world.setBehaviour(card, step.behaviour);
        return ["ok", "ok"];
      }
      case "refund":
        return [await this.#refund(step, now), "ok"];
      case "wait":
        await this.wait(step.time, step.outage);
        return ["ok", "ok"];
      case "wait_for_event": {
        const at = nextMoment(model, now) ?? now + MINUTE;
        await this.wait(at - now, step.outage);
        return ["ok", "ok"];
      }
      default:
        return await this.#change(step, now);
    }
  }

  #card(index: number): number {
    return index % Math.max(this.model.cards.length, 1);
  }

  async #change(
    step: Extract<Step, { subscription: number }>,
    now: number,
  ): Promise<[string, string]> {
    const { world, model } = this;
    const subscriptions = (this.#seen ?? await this.look()).subscriptions;
    // The latest first: older ones are over.
    const index = subscriptions.length - 1 -
      step.subscription % Math.max(subscriptions.length, 1);
    const of = model.subscriptions[index];
    const id = subscriptions[index]?.id;
    if (of === undefined || id === undefined) return ["ok", "ok"];
    switch (step.do) {
      case "notice":
        return [
          actions.giveNotice(of, now),
          toldOf(await world.change(id, "cancel_at_period_end")),
        ];
      case "resume":
        return [
          actions.resume(of, now),
          toldOf(await world.change(id, "resume")),
        ];
      case "cancel_now": {
        const refund = step.prorated ? "prorated" : "none";
        const answer = await world.change(id, "cancel_now", { refund });
        return [actions.cancelNow(of, step.prorated, now), toldOf(answer)];
      }
      case "change_plan": {
        const { plan: planId, fate } = step;
        const answer = await world.change(id, "change_plan", { planId, fate });
        return [
          actions.changePlan(model, of, planId, { now, fate }),
          toldOf(answer),
        ];
      }
      case "change_method": {
        const { fate } = step;
        const card = this.#card(step.card);
        const answer = await world.change(id, "change_method", { card, fate });
        return [
          actions.changeMethod(model, of, card, { now, fate }),
          toldOf(answer),
        ];
      }
      case "retry": {
        const { fate } = step;
        const answer = await world.change(id, "retry_payment", { fate });
        return [actions.retry(model, of, { now, fate }), toldOf(answer)];
      }
    }
  }

  /** Only what the shop knows of is refunded. */
  async #refund(
    { payment: index, amount }: Extract<Step, { do: "refund" }>,
    now: number,
  ): Promise<string> {
    const { world, model } = this;
    const known = model.payments.filter((one) =>
      one.period !== null && one.refunded < one.least
    );
    const payment = known[known.length - 1 - index % Math.max(known.length, 1)];
    if (payment === undefined) return "ok";
    const seen = (this.#seen ?? await this.look()).payments
      .find(({ paymentKey }) => paymentKey === payment.paymentKey);
    if (seen === undefined) return "ok";
    const left = seen.amount - seen.refunded;
    const part = amount === null || amount >= left ? null : amount;
    if (await world.refund(seen.paymentKey, part)) {
      actions.refund(model, payment, part, now);
    }
    return "ok";
  }
}

/**
 * Lives through the steps and compares after each: what was told, the subscriptions, the access, and every won.
 *
 * @returns where the world first differs from the model, or null
 */
export async function live(
  world: World,
  steps: readonly Step[],
  ahead: number,
): Promise<Difference | null> {
  await world.begin(ahead);
  const sequence = new Sequence(world);
  for (const [index, step] of steps.entries()) {
    const [expected, actual] = await sequence.take(step);
    if (expected !== actual) {
      return { step: index, what: "answer", expected, actual };
    }
    const seen = await sequence.look();
    const difference = compare(sequence.model, seen, world.now());
    if (difference !== undefined) {
      const [what, expected, actual] = difference;
      return { step: index, what, expected, actual };
    }
    const violations = await world.violations();
    if (violations.length > 0) {
      return {
        step: index,
        what: "invariants",
        expected: [],
        actual: violations,
      };
    }
  }
  return null;
}
