import { apply, type Circumstances, waysOf, waysOfKilled } from "./apply.ts";
import { tick } from "./jobs.ts";
import { guessesOfKilledRun } from "./killed.ts";
import { clearOf, nextMoment, PATIENCE } from "./moments.ts";
import { compare } from "./compare.ts";
import { emptyModel, type FinalAction, type Model, planOf } from "./state.ts";
import type { Job, Misfortune, Step } from "./steps.ts";
import type { Answer } from "./house.ts";
import type { Seen } from "./seen.ts";
import { isRefundOpen } from "./undo.ts";
import type { World } from "./world.ts";

/** Where a sequence and the model part. */
export interface Difference {
  /** Counted from 0. */
  step: number;
  what: string;
  /** By every model that was still possible. */
  expected: unknown[];
  actual: unknown;
}

/** What two models do not differ in for so long needs no more of them. */
const MOST_MODELS = 60;

function toldOf({ status, refusal }: Answer): string {
  if (refusal !== null) return refusal;
  return status === 202 ? "processing" : "ok";
}

/** One life of one user, in the world and in every model that fits what was seen of it. */
class Sequence {
  /** Several after a kill, until what follows tells which one is true. */
  models: Model[];
  seen: Seen = {
    subscriptions: [],
    access: [],
    shown: [],
    cards: [],
    payments: [],
  };

  constructor(readonly world: World, readonly setting: Setting) {
    this.models = [emptyModel(setting.finalAction)];
  }

  get #model(): Model {
    return this.models[0] ?? emptyModel(this.setting.finalAction);
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
  async #killedRun(
    time: number,
    kill: number,
    job: Job,
  ): Promise<void> {
    const now = await this.#moveClear(time);
    await this.world.tick({ kill, job });
    this.models = this.models.flatMap((model) =>
      guessesOfKilledRun(model, now, job)
    );
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
        else await this.#killedRun(at, step.kill, step.job ?? "billing");
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
        waysOf(model, step, circumstances).map((way) => {
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
      newPrice: newPriceOf(step),
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
      one.period !== null && one.refunded < one.least && !isRefundOpen(one)
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
    { card, subscription, paymentKey, amount, newPrice }: Circumstances,
  ): Promise<Answer> {
    const { world } = this;
    const id = this.seen.subscriptions[subscription]?.id ?? "";
    switch (step.do) {
      case "register":
        return await world.register(
          { plan: step.plan, isAccount: step.isAccount === true },
          newPrice,
          step,
        );
      case "subscribe":
        return await world.subscribe(step.plan, card, step);
      case "remove":
        return await world.remove(card, step.kill ?? null);
      case "card":
        world.setBehaviour(card, step.behaviour);
        return { status: 200, refusal: null, body: {} };
      case "key_gone":
        await world.loseKey(card, step.isHeard);
        return { status: 200, refusal: null, body: {} };
      case "price":
        if (newPrice !== null) await world.setPrice(step.plan, newPrice);
        return { status: 200, refusal: null, body: {} };
      case "refund":
        return await world.refund(paymentKey ?? "", amount);
      case "notice":
        return await world.change(
          id,
          { action: "cancel_at_period_end" },
          fortuneOf(step),
        );
      case "resume":
        return await world.change(id, { action: "resume" }, fortuneOf(step));
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

function fortuneOf({ kill = null }: { kill?: number | null }): Misfortune {
  return { fate: "answered", kill };
}

/** What a plan costs more, by steps that are counted. */
const PRICE_STEP = 500;

function newPriceOf(step: Step): number | null {
  if (!("price" in step) || step.price === null || step.plan === null) {
    return null;
  }
  return planOf({ prices: {} }, step.plan).price +
    (step.price ?? 0) * PRICE_STEP;
}

/** What a life begins with. */
export interface Setting {
  /** How far from now it begins. */
  ahead: number;
  finalAction: FinalAction;
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
  setting: Setting,
): Promise<Difference | null> {
  await world.begin(setting);
  const sequence = new Sequence(world, setting);
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
