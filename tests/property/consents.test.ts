import assert from "node:assert/strict";
import {
  addPlan,
  change,
  charge,
  subscribe,
  type Subscriber,
} from "../support/billing.ts";
import { reprice } from "../support/consents.ts";
import { propertyRuns } from "../support/property-runs.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests();

const SUBSCRIBERS = propertyRuns(12);
const DAYS = 150;
const WINDOW = 30 * 86_400_000;

/** Mulberry32: the same seed, the same lives. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a subscriber has said to one request, as the test remembers it. */
interface Said {
  subscriptionId: string;
  amount: number;
  effectiveAt: number;
  decision: "given" | "refused";
  at: number;
}

interface Open {
  id: string;
  subscription_id: string;
  amount_after: number;
  effective_at: Date;
}

/** What nobody has decided for good, as its subscribers would read it. */
async function openConsents({ stack }: Shop): Promise<Open[]> {
  return [
    ...await stack.sql<Open[]>`
      select id, subscription_id, amount_after::float8 as amount_after, effective_at
      from public.subscription_consents
      where voided_at is null and closed_at is null and effective_at > toss_private.clock_now()
      order by id`,
  ];
}

/** What Toss took for a subscription, in the order of its periods. */
async function chargesAtToss({ stack, simulator }: Shop, id: string) {
  const rows = await stack.sql<{ order_id: string; period_start: Date }[]>`
    select o.id as order_id, c.period_start from public.subscription_charges as c
    join public.orders as o on o.subscription_charge_id = c.id
    where c.subscription_id = ${id} order by c.period_start`;
  return rows.flatMap(({ order_id, period_start }) =>
    simulator.books()
      .filter((book) => book.orderId === order_id && book.approvals > 0)
      .map(({ totalAmount }) => ({
        amount: totalAmount,
        from: period_start.getTime(),
      }))
  );
}

test("Toss's books hold no charge that no consent covers, and every one that was consented to", async (shop) => {
  const random = numbers(20250214);
  const pick = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)] as Value;
  const trials = [1, 3, 7, 14, 29, 30, 31, 60, 90];
  const plans = await Promise.all(
    trials.map((trialDays, index) =>
      addPlan(shop, {
        consent: "required",
        withoutConsent: index % 2 === 0 ? "cancel" : "keep_price",
        interval: index % 3 === 0 ? "week" : "month",
        trialDays,
        ...index % 4 === 1 && { introPrice: 1_000, introPeriods: 1 },
      })
    ),
  );
  const subscribers: Subscriber[] = [];
  for (let number = 0; number < SUBSCRIBERS; number++) {
    const planId = plans[number % plans.length] as string;
    subscribers.push(await subscribe(shop, { planId }));
  }
  const said = new Map<string, Said>();
  const now = async () => {
    const [row] = await shop.stack.sql<{ now: Date }[]>`
      select toss_private.clock_now() as now`;
    return row?.now.getTime() ?? 0;
  };

  for (let day = 0; day < DAYS;) {
    // Overlapping runs, now and then after more than a missed week.
    await Promise.all([charge(shop, {}), charge(shop, {})]);
    for (const open of await openConsents(shop)) {
      if (random() < 0.4) continue;
      const subscriber = subscribers.find(({ subscription }) =>
        subscription.id === open.subscription_id
      );
      assert.ok(subscriber);
      const decision = random() < 0.7 ? "given" : "refused";
      const action = decision === "given" ? "consent" : "decline_consent";
      const { status, body } = await change(shop, subscriber, action, {
        consentId: open.id,
      });
      assert.equal(status, 200, JSON.stringify(body));
      said.set(open.id, {
        subscriptionId: open.subscription_id,
        amount: open.amount_after,
        effectiveAt: open.effective_at.getTime(),
        decision,
        at: await now(),
      });
    }
    if (random() < 0.15) {
      await reprice(
        shop.stack.sql,
        pick(plans),
        pick([8_000, 11_000, 12_000, 15_000]),
      );
    }
    const days = random() < 0.15 ? 9 : pick([1, 2, 3, 5]);
    day += days;
    await shop.stack.advanceClock({ days });
  }
  await charge(shop, {});
  await charge(shop, {});

  let covered = 0;
  for (const { subscription } of subscribers) {
    const answers = [...said.values()].filter(({ subscriptionId }) =>
      subscriptionId === subscription.id
    );
    let agreed = 0;
    for (const { amount, from } of await chargesAtToss(shop, subscription.id)) {
      const consent = answers.find((one) =>
        one.decision === "given" && one.amount === amount &&
        one.effectiveAt <= from && one.at >= one.effectiveAt - WINDOW &&
        one.at < one.effectiveAt
      );
      assert.ok(
        amount <= agreed || consent,
        `${amount} after ${agreed} of ${subscription.id}, nobody agreed`,
      );
      covered += Number(amount > agreed);
      agreed = amount;
    }
  }
  assert.ok(covered >= SUBSCRIBERS / 3, `${covered} charges needed a consent`);

  // And none that was agreed to is missed.
  const missed = await shop.stack.sql<{ id: string }[]>`
    select k.id from public.subscription_consents as k
    join public.subscriptions as s on s.id = k.subscription_id
    where k.decision = 'given' and k.voided_at is null and k.effective_at <= toss_private.clock_now()
      and not exists (
        select 1 from public.subscription_charges as c where c.consent_id = k.id and c.status = 'paid'
      )`;
  assert.deepEqual([...missed], []);
  for (const [id, { decision, effectiveAt }] of said) {
    if (effectiveAt > await now()) continue;
    const [row] = await shop.stack.sql<{ decision: string }[]>`
      select decision from public.subscription_consents where id = ${id}`;
    assert.equal(row?.decision, decision, "the last word counts");
  }
});
