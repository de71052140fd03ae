import { charge } from "../../supabase/functions/billing-charge/handler.ts";
import {
  deleteMethod,
  issueByJson,
  prepare,
} from "../../supabase/functions/billing-issue/handler.ts";
import { change } from "../../supabase/functions/subscription/handler.ts";
import { work } from "../../supabase/functions/worker/handler.ts";
import { startStack } from "../../stack/stack.ts";
import { type Answer, type Call, House } from "./house.ts";
import { look, type Seen } from "./seen.ts";
import { type Behaviour, PLANS } from "./state.ts";
import type { Setting } from "./sequence.ts";
import type { Job, Misfortune } from "./steps.ts";

const CODES: Record<Exclude<Behaviour, "ok">, string> = {
  soft: "REJECT_CARD_PAYMENT",
  hard: "INVALID_STOPPED_CARD",
  limit: "EXCEED_MAX_DAILY_PAYMENT_COUNT",
};

function fortuneOf({ fate, kill }: Misfortune) {
  return { fate, kill };
}

const EMPTIED = [
  "toss_private.billing_issues",
  "toss_private.billing_keys",
  "toss_private.card_attempts",
  "toss_private.operation_secrets",
  "toss_private.payment_details",
  "public.payment_events",
  "public.outbox_events",
  "public.entitlements",
  "public.operations",
  "public.subscription_charges",
  "public.subscriptions",
  "public.billing_methods",
  "public.payment_cancels",
  "public.payments",
  "public.orders",
  "public.customers",
];

/** The shop, its user and Toss, as the sequences drive them. */
export class World {
  readonly #house: House;
  readonly #stop: () => Promise<void>;
  #offset = 0;
  #userId = "";
  #customerKey = "";
  /** The billing methods by the order of registration, with the digest of their keys. */
  #cards: { id: string; keyDigest: string; behaviour: Behaviour }[] = [];

  private constructor(house: House, stop: () => Promise<void>) {
    this.#house = house;
    this.#stop = stop;
  }

  static async open(harm?: string): Promise<World> {
    const stack = await startStack({ seed: false });
    const { simulator } = stack;
    if (simulator === null) throw new Error("the model needs the simulator");
    simulator.setWebhookUrls([]);
    const house = new House(stack, simulator);
    for (const plan of PLANS) {
      await house.sql`
        insert into public.plans (id, name, price, interval, interval_count, trial_days, plan_group, catch_up, consent)
        values (
          ${plan.id}, ${plan.id}, ${plan.price}, ${plan.unit}, ${plan.count}, ${plan.trialDays}, ${plan.group},
          ${plan.catchUp}, 'not_required'
        )`;
    }
    if (harm !== undefined) await house.sql.unsafe(harm);
    return new World(house, async () => {
      await house.stop();
      await stack.stop();
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  /** Forgets everything; a new user begins. */
  async begin({ ahead, finalAction }: Setting): Promise<void> {
    const { stack, simulator } = this.#house;
    await stack.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      for (const table of EMPTIED) await sql.unsafe(`delete from ${table}`);
    });
    await simulator.reset();
    simulator.setWebhookUrls([]);
    for (const { id, price } of PLANS) await this.setPrice(id, price);
    this.#house.setFinalAction(finalAction);
    this.#offset = 0;
    this.#cards = [];
    this.#userId = crypto.randomUUID();
    await this.moveTo(Date.now() + ahead);
    const { body } = await this.#asUser(prepare, { body: {} });
    this.#customerKey = String(body.customerKey);
  }

  async moveTo(time: number): Promise<void> {
    const { stack, simulator } = this.#house;
    const ahead = time - this.now();
    if (ahead <= 0) return;
    this.#offset += ahead;
    await simulator.advance(ahead);
    await stack.sql`
      update toss_private.clock set time_offset = make_interval(secs => ${
      this.#offset / 1000
    })`;
  }

  #asUser(handler: Parameters<House["call"]>[0], call: Call): Promise<Answer> {
    const caller = { kind: "user", userId: this.#userId } as const;
    return this.#house.call(handler, caller, call);
  }

  /** @param newPrice what the plan costs from the moment on in which it was shown; null: as before */
  async register(
    { plan, isAccount }: { plan: string | null; isAccount: boolean },
    newPrice: number | null,
    misfortune: Misfortune,
  ): Promise<Answer> {
    const planId = plan ?? undefined;
    const method = isAccount ? "TRANSFER" : "CARD";
    const prepared = await this.#asUser(prepare, { body: { planId, method } });
    if (prepared.refusal !== null) return prepared;
    if (plan !== null && newPrice !== null) await this.setPrice(plan, newPrice);
    const { simulator } = this.#house;
    const owner = { customerKey: this.#customerKey };
    const { authKey, customerKey } = isAccount
      ? simulator.authorizeAccount(owner)
      : simulator.authorizeCard(owner);
    const body = { authKey, customerKey, planId };
    const answer = await this.#asUser(issueByJson, {
      body,
      ...fortuneOf(misfortune),
    });
    await this.#readCards();
    return answer;
  }

  /** The shop changes the price of a plan. */
  async setPrice(plan: string, price: number): Promise<void> {
    await this.#house.sql`
      update public.plans set price = ${price} where id = ${plan} and price <> ${price}`;
  }

  /** A key is removed at Toss, and the shop hears of it or does not. */
  async loseKey(card: number, isHeard: boolean): Promise<void> {
    const lost = this.#cards[card];
    if (lost === undefined) return;
    if (isHeard) await this.#house.hearOfRemoval(lost.id);
    this.#house.simulator.removeBillingKeys({ keyDigest: lost.keyDigest });
  }

  async #readCards(): Promise<void> {
    const rows = await this.#house.sql<{ id: string; keyDigest: string }[]>`
      select m.id, k.key_digest as "keyDigest" from public.billing_methods as m
      join toss_private.billing_keys as k on k.billing_method_id = m.id
      where m.user_id = ${this.#userId} order by m.created_at`;
    this.#cards = rows.map((row, index) => ({
      ...row,
      behaviour: this.#cards[index]?.behaviour ?? "ok",
    }));
  }

  #cardId(card: number): string {
    return this.#cards[card]?.id ?? "00000000-0000-4000-8000-000000000000";
  }

  subscribe(
    planId: string,
    card: number,
    misfortune: Misfortune,
  ): Promise<Answer> {
    const billingMethodId = this.#cardId(card);
    const body = { action: "subscribe", planId, billingMethodId };
    return this.#asUser(change, { body, ...fortuneOf(misfortune) });
  }

  /** An action on a subscription; a refund is asked for by the shop. */
  change(
    subscriptionId: string,
    { card, ...asked }: {
      action: string;
      card?: number;
      planId?: string;
      refund?: string;
    },
    misfortune: Misfortune = { fate: "answered", kill: null },
  ): Promise<Answer> {
    const method = card === undefined
      ? {}
      : { billingMethodId: this.#cardId(card) };
    const call = {
      body: { subscriptionId, ...asked, ...method },
      ...fortuneOf(misfortune),
    };
    return asked.refund === undefined
      ? this.#asUser(change, call)
      : this.#house.call(change, { kind: "secret" }, call);
  }

  remove(card: number, kill: number | null): Promise<Answer> {
    const body = { billingMethodId: this.#cardId(card) };
    return this.#asUser(deleteMethod, { body, method: "DELETE", kill });
  }

  /** From now on a card answers like this. */
  setBehaviour(card: number, behaviour: Behaviour): void {
    const { simulator } = this.#house;
    const changed = this.#cards[card];
    if (changed === undefined) return;
    changed.behaviour = behaviour;
    simulator.clearChargeDeclines();
    for (const { keyDigest, behaviour } of this.#cards) {
      if (behaviour === "ok") continue;
      simulator.declineCharges({
        keyDigest,
        code: CODES[behaviour],
        count: "always",
      });
    }
  }

  /** The shop's owner refunds in Toss's dashboard. */
  async refund(paymentKey: string, amount: number | null): Promise<Answer> {
    const { simulator } = this.#house;
    const response = await fetch(
      `${simulator.url}/v1/payments/${paymentKey}/cancel`,
      {
        method: "POST",
        headers: {
          authorization: `Basic ${btoa(`${simulator.secretKey}:`)}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({
          cancelReason: "dashboard",
          ...(amount === null ? {} : { cancelAmount: amount }),
        }),
      },
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`Toss does not refund: ${text}`);
    await this.#house.hearOf(paymentKey, this.now());
    return { status: 200, refusal: null, body: {} };
  }

  /** The jobs run; one may be killed, and the others do not come then. */
  async tick(killed?: { kill: number; job: Job }): Promise<void> {
    const cron = { kind: "cron" } as const;
    const operations = { job: "operations" };
    if (killed?.job === "operations") {
      const { kill } = killed;
      await this.#house.call(work, cron, { body: operations, kill });
    } else {
      const kill = killed?.kill ?? null;
      await this.#house.call(charge, cron, { body: {}, kill });
    }
    if (killed === undefined) {
      await this.#house.call(work, cron, { body: operations });
      await this.#house.call(charge, cron, { body: {} });
    }
    await this.#readCards();
  }

  look(): Promise<Seen> {
    return look(this.#house, this.#userId);
  }

  async violations(): Promise<unknown[]> {
    return [
      ...await this.#house.sql`select * from public.invariant_violations()`,
    ];
  }
}
