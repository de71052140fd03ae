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
import { type Behaviour, PLANS } from "./state.ts";
import type { Misfortune } from "./steps.ts";

/** One subscription as the database has it. */
export interface SeenSubscription {
  id: string;
  plan: string;
  status: string;
  next: string | null;
  needsCard: boolean;
  hasNotice: boolean;
  isOpen: boolean;
}

/** Everything that is compared with the model. */
export interface Seen {
  subscriptions: SeenSubscription[];
  /** Plans that there is access to, by `entitlements`. */
  access: string[];
  /** The same by the view `user_plans`. */
  shown: string[];
  payments: { paymentKey: string; amount: number; refunded: number }[];
}

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
        insert into public.plans (id, name, price, interval, interval_count, trial_days, plan_group)
        values (${plan.id}, ${plan.id}, ${plan.price}, ${plan.unit}, ${plan.count}, ${plan.trialDays}, ${plan.group})`;
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

  /** Forgets everything; a new user begins, so many milliseconds from now. */
  async begin(ahead: number): Promise<void> {
    const { stack, simulator } = this.#house;
    await stack.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      for (const table of EMPTIED) await sql.unsafe(`delete from ${table}`);
    });
    await simulator.reset();
    simulator.setWebhookUrls([]);
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

  async register(plan: string | null, misfortune: Misfortune): Promise<Answer> {
    const planId = plan ?? undefined;
    const prepared = await this.#asUser(prepare, { body: { planId } });
    if (prepared.refusal !== null) return prepared;
    const { authKey, customerKey } = this.#house.simulator.authorizeCard({
      customerKey: this.#customerKey,
    });
    const body = { authKey, customerKey, planId };
    const answer = await this.#asUser(issueByJson, {
      body,
      ...fortuneOf(misfortune),
    });
    await this.#readCards();
    return answer;
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

  remove(card: number): Promise<Answer> {
    const body = { billingMethodId: this.#cardId(card) };
    return this.#asUser(deleteMethod, { body, method: "DELETE" });
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

  /** The jobs run; the one that charges may be killed, and the others do not come then. */
  async tick(kill: number | null = null): Promise<void> {
    const cron = { kind: "cron" } as const;
    await this.#house.call(charge, cron, { body: {}, kill });
    if (kill !== null) return;
    await this.#house.call(work, cron, { body: { job: "operations" } });
    await this.#house.call(charge, cron, { body: {} });
  }

  async look(): Promise<Seen> {
    const { sql, simulator } = this.#house;
    const [row] = await sql<Omit<Seen, "payments">[]>`
      select
        coalesce((
          select jsonb_agg(jsonb_build_object(
            'id', s.id, 'plan', s.plan_id, 'status', s.status, 'next', s.next_plan_id,
            'needsCard', s.needs_payment_method, 'hasNotice', s.cancel_at_period_end,
            'isOpen', exists (
              select 1 from public.subscription_charges as c
              where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
            )
          ) order by s.created_at)
          from public.subscriptions as s where s.user_id = ${this.#userId}
        ), '[]') as subscriptions,
        array(
          select distinct e.plan_id from public.entitlements as e
          where e.user_id = ${this.#userId} and e.starts_at <= toss_private.clock_now()
            and e.ends_at > toss_private.clock_now() and coalesce(e.revoked_at > toss_private.clock_now(), true)
          order by 1
        ) as access,
        array(
          select u.plan from public.user_plans as u
          where u.user_id = ${this.#userId} and u.status in ('active', 'trialing', 'past_due') order by 1
        ) as shown`;
    if (row === undefined) throw new Error("nothing to see");
    const payments = simulator.books()
      .filter(({ approvals }) => approvals > 0)
      .map(({ paymentKey, totalAmount, balanceAmount }) => ({
        paymentKey,
        amount: totalAmount,
        refunded: totalAmount - balanceAmount,
      }));
    return { ...row, payments };
  }

  async violations(): Promise<unknown[]> {
    return [
      ...await this.#house.sql`select * from public.invariant_violations()`,
    ];
  }
}
