import type { Answer, Shop } from "./shop.ts";

/** The plan that the subscriber moves up to. */
const PREMIUM = {
  id: "premium",
  name: "프리미엄",
  price: 19_900,
  currency: "KRW",
  interval: "month",
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
  /** The newest paid order of the subscription. */
  latestOrder(): Promise<string>;
  /** The next charges are declined with this code. */
  decline(code: string, count: number): void;
  pass(days: number): Promise<void>;
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
