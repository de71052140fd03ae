import { apply, type Circumstances, waysOf, waysOfKilled } from "./apply.ts";
import { MINUTE } from "./calendar.ts";
import type { Fate } from "./charges.ts";
import { nextEvent, tick } from "./jobs.ts";
import { compare } from "./compare.ts";
import { emptyModel, type Model } from "./state.ts";
import type { Step } from "./steps.ts";
import type { Answer } from "./house.ts";
import type { Seen, World } from "./world.ts";

/** Where a sequence and the model part. */
export interface Difference {
  /** Counted from 0. */
  step: number;
  what: string;
  /** By every model that was still possible. */
  expected: unknown[];
  actual: unknown;
}

/** Longer than a lease and the pauses between questions. */
const PATIENCE = 6 * MINUTE;
/** Events are met a little late, as by a job that runs every minute. */
const LATE = MINUTE;

/** What two models do not differ in for so long needs no more of them. */
const MOST_MODELS = 60;

function toldOf({ status, refusal }: Answer): string {
  if (refusal !== null) return refusal;
  return status === 202 ? "processing" : "ok";
}

/** A moment at which nothing begins or ends, not even for a model whose times are seconds early. */
function clearOf(models: readonly Model[], time: number): number {
  const boundaries = models.flatMap(({ subscriptions }) =>
    subscriptions.flatMap((one) => [
      nextEvent(one) ?? 0,
      ...one.spans.flatMap(({ from, to }) => [from, to]),
    ])
  );
  for (;;) {
    const near = boundaries.filter((at) => Math.abs(at - time) < LATE / 2);
    if (near.length === 0) return time;
    time = Math.max(...near) + LATE;
  }
}

/** The next event of the model, or the moment at which what is open can be asked about. */
function nextMoment(model: Model, now: number): number {
  const isOpen = model.starts.length > 0 ||
    model.subscriptions.some(({ open }) => open !== null) ||
    model.payments.some(({ promised }) => promised > 0);
  const events = model.subscriptions.map(nextEvent)
    .filter((at) => at !== null)
    .map((at) => Math.max(at, now) + LATE);
  return isOpen || events.length === 0 ? now + PATIENCE : Math.min(...events);
}

/** All that can have become of the charges that a killed run was about. */
const FATES: readonly Fate[] = ["answered", "lost", "unsent"];

function fatesOf(count: number): Fate[][] {
  if (count === 0) return [[]];
  return fatesOf(count - 1).flatMap((fates) =>
    FATES.map((fate) => [...fates, fate])
  );
}

/** One life of one user, in the world and in every model that fits what was seen of it. */
class Sequence {
  /** Several after a kill, until what follows tells which one is true. */
  models: Model[] = [emptyModel()];
  seen: Seen = { subscriptions: [], access: [], shown: [], payments: [] };

  constructor(readonly world: World) {}

  get #model(): Model {
    return this.models[0] ?? emptyModel();
  }

  async #moveClear(time: number): Promise<number> {
    await this.world.moveTo(clearOf(this.models, time));
    return this.world.now();
  }

  async #tickAt(time: number): Promise<void> {
    const now = await this.#moveClear(time);
    await this.world.tick();
    for (const model of this.models) tick(model, now);
  }

  async #wait(until: number, isOutage: boolean): Promise<void> {
    for (let hops = 0; !isOutage && hops < 60; hops++) {
      const at = nextMoment(this.#model, this.world.now());
      if (at >= until) break;
      await this.#tickAt(at);
    }
    await this.#tickAt(until);
  }

  /** A run of the job is killed, and the next one comes when the lease is over. */
  async #killedRun(time: number, kill: number): Promise<void> {
    const now = await this.#moveClear(time);
    await this.world.tick(kill);
    const due =
      this.#model.subscriptions.filter((one) =>
        (nextEvent(one) ?? Infinity) <= now
      ).length;
    this.models = this.models.flatMap((model) => [
      structuredClone(model),
      ...fatesOf(Math.min(due, 3)).map((fates) => {
        const guess = structuredClone(model);
        tick(guess, now, fates);
        return guess;
      }),
    ]);
    await this.#tickAt(now + PATIENCE);
  }

  /** @returns what the shop told; null when there is nothing to tell */
  async take(step: Step): Promise<string | null> {
    const { world } = this;
    const now = world.now();
    switch (step.do) {
      case "wait":
        await this.#wait(now + step.time, step.outage);
        return null;
      case "wait_for_event": {
        const at = nextMoment(this.#model, now);
        if (step.kill === null) await this.#wait(at, step.outage);
        else await this.#killedRun(at, step.kill);
        return null;
      }
      default: {
        const circumstances = this.#circumstances(step, now);
        if (circumstances === null) return null;
        const answer = await this.#perform(step, circumstances);
        return this.#follow(step, circumstances, answer);
      }
    }
  }

  /** The models go the same way; those that would have told something else are out. */
  #follow(step: Step, circumstances: Circumstances, answer: Answer): string {
    const told = toldOf(answer);
    if (told !== "killed") {
      const tellings = this.models.flatMap((model) =>
        waysOf(model, step).map((way) => {
          const guess = structuredClone(model);
          return { model: guess, told: apply(guess, step, circumstances, way) };
        })
      );
      const fitting = tellings.filter((one) => one.told === told);
      if (fitting.length === 0) {
        throw new Differs("answer", tellings.map((one) => one.told), told);
      }
      this.models = fitting.map(({ model }) => model);
      return told;
    }
    this.models = this.models.flatMap((model) => [
      model,
      ...waysOfKilled(model, step, circumstances).map((way) => {
        const guess = structuredClone(model);
        apply(guess, step, circumstances, way);
        return guess;
      }),
    ]);
    return told;
  }

  #circumstances(step: Step, now: number): Circumstances | null {
    const { subscriptions, payments } = this.seen;
    const { cards } = this.#model;
    const card = "card" in step ? step.card % Math.max(cards.length, 1) : 0;
    const empty = {
      now,
      card,
      subscription: 0,
      paymentKey: null,
      amount: null,
    };
    if ("subscription" in step) {
      const all = [...subscriptions.keys()].reverse();
      // Of the last choice also one that is over.
      const live = all.filter((index) =>
        step.subscription < 3 && subscriptions[index]?.status !== "canceled"
      );
      const chosen = live.length > 0 ? live : all;
      const subscription = chosen[step.subscription % chosen.length];
      return subscription === undefined ? null : { ...empty, subscription };
    }
    if (step.do !== "refund") return empty;
    // Only what the shop knows of is refunded.
    const known = this.#model.payments.filter((one) =>
      one.period !== null && one.refunded < one.least && one.promised === 0
    );
    const chosen =
      known[known.length - 1 - step.payment % Math.max(known.length, 1)];
    const found = payments.find((one) => one.paymentKey === chosen?.paymentKey);
    if (found === undefined) return null;
    const left = found.amount - found.refunded;
    const isPart = step.amount !== null && step.amount < left;
    return {
      ...empty,
      paymentKey: found.paymentKey,
      amount: isPart ? step.amount : null,
    };
  }

  async #perform(
    step: Exclude<Step, { do: "wait" | "wait_for_event" }>,
    { card, subscription, paymentKey, amount }: Circumstances,
  ): Promise<Answer> {
    const { world } = this;
    const id = this.seen.subscriptions[subscription]?.id ?? "";
    switch (step.do) {
      case "register":
        return await world.register(step.plan, step);
      case "subscribe":
        return await world.subscribe(step.plan, card, step);
      case "remove":
        return await world.remove(card);
      case "card":
        world.setBehaviour(card, step.behaviour);
        return { status: 200, refusal: null, body: {} };
      case "refund":
        return await world.refund(paymentKey ?? "", amount);
      case "notice":
        return await world.change(id, { action: "cancel_at_period_end" });
      case "resume":
        return await world.change(id, { action: "resume" });
      case "cancel_now": {
        const refund = step.prorated ? "prorated" : "none";
        return await world.change(id, { action: step.do, refund }, step);
      }
      case "change_plan":
        return await world.change(
          id,
          { action: step.do, planId: step.plan },
          step,
        );
      case "change_method":
        return await world.change(id, { action: step.do, card }, step);
      case "retry":
        return await world.change(id, { action: "retry_payment" }, step);
    }
  }

  /** What is seen rules out models; one must be left. */
  async check(): Promise<void> {
    this.seen = await this.world.look();
    const now = this.world.now();
    const found = this.models.map((model) => ({
      model,
      difference: compare(model, this.seen, now),
    }));
    const fitting = found.filter(({ difference }) => difference === undefined);
    const [first] = found;
    if (fitting.length === 0 && first?.difference !== undefined) {
      const [what, , actual] = first.difference;
      throw new Differs(what, found.map((one) => one.difference?.[1]), actual);
    }
    this.models = fitting.map(({ model }) => model).slice(0, MOST_MODELS);
    const violations = await this.world.violations();
    if (violations.length > 0) throw new Differs("invariants", [], violations);
  }
}

class Differs extends Error {
  constructor(
    readonly what: string,
    readonly expected: unknown[],
    readonly actual: unknown,
  ) {
    super(what);
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
  for (const [step, one] of steps.entries()) {
    try {
      await sequence.take(one);
      await sequence.check();
    } catch (error) {
      if (!(error instanceof Differs)) throw error;
      const { what, expected, actual } = error;
      return { step, what, expected, actual };
    }
  }
  return null;
}
