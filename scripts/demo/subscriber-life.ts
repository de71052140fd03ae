import { grouped } from "./scene.ts";
import type { Answer, Shop } from "./shop.ts";

/** The plan that the subscriber moves up to. */
const PREMIUM = {
  id: "premium",
  name: "프리미엄",
  price: 19_900,
  currency: "KRW",
  interval: "month",
  without_consent: "keep_price",
};

/** A subscriber's levers, and what an app would look at. */
export interface SubscriberLife {
  /** Registers a card as the page does; with `planId` it subscribes. */
  register(planId?: string): Promise<Answer>;
  /** Registers a bank account. */
  registerAccount(): Promise<Answer>;
  /** What the app checks before it shows a paid feature. */
  plan(): Promise<string>;
  /** Runs what pg_cron runs. */
  charge(): Promise<string>;
  /** Lets the time pass until the next charge is due, and charges. */
  nextPeriod(): Promise<string>;
  /** The subscription's own actions. */
  act(action: string, more?: Record<string, unknown>): Promise<Answer>;
  /** What the subscriber was asked last, as the shop's page reads it. */
  consent(): Promise<Asked>;
  /** What `toss reprice` does, from today. */
  reprice(planId: string, amount: number): Promise<void>;
  /** What the last period cost. */
  lastAmount(): Promise<string>;
  /** The newest paid order of the subscription. */
  latestOrder(): Promise<string>;
  /** The next charges are declined with this code. */
  decline(code: string, count: number): void;
  pass(days: number): Promise<void>;
}

/** A request for consent. */
export interface Asked {
  id: string;
  kind: string;
  /** From what to what, in won. */
  change: string;
  decision: string | null;
}

interface Subscription {
  id: string;
  next_charge_at: string | null;
}

/** Puts the plan on sale and opens the life of the demo's buyer as a subscriber. */
export async function openLife(shop: Shop): Promise<SubscriberLife> {
  const { stack, toss, buyer } = shop;
  await stack.sql`insert into public.plans ${stack.sql(PREMIUM)}`;

  async function subscription(): Promise<Subscription> {
    const { data, error } = await buyer.from("subscriptions")
      .select("id, next_charge_at").single<Subscription>();
    if (error) throw new Error(`subscriptions: ${error.message}`);
    return data;
  }

  async function charge(): Promise<string> {
    const { body } = await shop.asCron("billing-charge", {});
    return `paid ${body.paid}, declined ${body.declined}, unknown ${body.unknown}`;
  }

  return {
    async register(planId) {
      const plan = planId === undefined ? {} : { planId };
      const { body } = await shop.asBuyer("billing-issue/prepare", plan);
      const { authKey, customerKey } = toss.authorizeCard({
        customerKey: String(body.customerKey),
        clientKey: String(body.clientKey),
      });
      return await shop.asBuyer("billing-issue", {
        authKey,
        customerKey,
        ...plan,
      });
    },
    async registerAccount() {
      const method = { method: "TRANSFER" };
      const { body } = await shop.asBuyer("billing-issue/prepare", method);
      const registration = toss.authorizeAccount({
        customerKey: String(body.customerKey),
        clientKey: String(body.clientKey),
      });
      return await shop.asBuyer("billing-issue", { ...registration });
    },
    async plan() {
      const { data } = await buyer.from("user_plans").select("plan, status")
        .in("plan", ["pro", PREMIUM.id]).neq("status", "canceled")
        .maybeSingle();
      return data === null ? "none" : `${data.plan} ${data.status}`;
    },
    charge,
    async nextPeriod() {
      const { next_charge_at: due } = await subscription();
      if (due === null) throw new Error("no charge is due");
      await stack.advanceClock(new Date(Date.parse(due) + 60_000));
      return await charge();
    },
    act: async (action, more = {}) =>
      await shop.asBuyer("subscription", {
        subscriptionId: (await subscription()).id,
        action,
        ...more,
      }),
    async consent() {
      const { data, error } = await buyer.from("subscription_consents")
        .select("id, kind, amount_before, amount_after, decision")
        .is("voided_at", null)
        .order("effective_at", { ascending: false }).limit(1).single();
      if (error) throw new Error(`subscription_consents: ${error.message}`);
      const { amount_before: before, amount_after: after } = data;
      return { ...data, change: `${grouped(before)} to ${grouped(after)}` };
    },
    async reprice(planId, amount) {
      const request = (more: Record<string, unknown>) =>
        JSON.stringify({ planId, amount, dryRun: false, ...more });
      const [begun] = await stack.sql`
        select a ->> 'repricingId' as id, a ->> 'from' as "from"
        from public.begin_repricing(
          ${
        request({ from: null })
      }::text::jsonb || jsonb_build_object('from', toss_private.clock_now() at time zone 'Asia/Seoul')
        ) as a`;
      await stack.sql`
        select public.plan_repricing(${
        request({ repricingId: begun?.id, limit: 100 })
      }::text::jsonb)`;
    },
    async lastAmount() {
      const [row] = await stack.sql`
        select amount from public.subscription_charges
        where status = 'paid' and kind <> 'upgrade' order by period_start desc limit 1`;
      return grouped(row?.amount);
    },
    async latestOrder() {
      const [row] = await stack.sql`
        select order_id from public.subscription_charges
        where status = 'paid' order by period_start desc, created_at desc limit 1`;
      return String(row?.order_id);
    },
    decline: (code, count) => toss.declineCharges({ code, count }),
    pass: (days) => stack.advanceClock({ days }),
  };
}
