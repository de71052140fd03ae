import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addPlan,
  addSubscriber,
  type ChargeItem,
  claim,
  claimOne,
  decline,
  DUNNING,
  leasing,
  pay,
  readCharge,
  refundAll,
  type Subscriber,
} from "../../support/subscriber.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const test = shopTests({}, assertInvariantsHold);
const SESSIONS = 8;
const STEPS = propertyRuns(30);
const USERS = 4;
const START = "2027-01-31T10:00:00+09:00";

/** What happens at one step: who acts, on which charge, with which plan, and when. */
interface Turn {
  sql: Sql;
  who: Subscriber;
  item: ChargeItem | undefined;
  planId: string;
  at: string;
}

const items: ChargeItem[] = [];

function keep(charge: unknown): void {
  if (charge) items.push(readCharge(charge));
}

/** An answer that is older than what is known changes nothing, which pay() does not expect. */
function notPaid(error: unknown): void {
  if (!(error instanceof assert.AssertionError)) throw error;
}

const changePlan = async ({ sql, who, planId, at }: Turn) => {
  const [live] = await sql<{ id: string }[]>`
    select id from public.subscriptions where user_id = ${who.userId} and status <> 'canceled'
    order by random() limit 1`;
  const answer = await callSql(sql, "change_subscription", {
    subscriptionId: live?.id ?? who.subscriptionId,
    action: "change_plan",
    planId,
    asOf: at,
    ...leasing(0),
  });
  keep(answer.charge);
};

const subscribe = async ({ sql, who, planId }: Turn) => {
  // The limit of attempts is another test's.
  await sql`delete from toss_private.card_attempts where user_id = ${who.userId}`;
  const answer = await callSql(sql, "subscribe_with_method", {
    planId,
    billingMethodId: who.methodId,
    ...leasing(0),
  });
  keep(answer.charge);
};

const claimSome = async ({ sql, at }: Turn) => {
  items.push(...(await claim(sql, at, { limit: 2, leaseSeconds: 0 })).charges);
};

const payOne = async ({ sql, item }: Turn) =>
  item && await pay(sql, item).catch(notPaid);

const TURNS: ((turn: Turn) => Promise<unknown>)[] = [
  changePlan,
  changePlan,
  changePlan,
  subscribe,
  claimSome,
  claimSome,
  payOne,
  payOne,
  payOne,
  async ({ sql, item }) => item && await decline(sql, item, "soft"),
  async ({ sql, item }) =>
    item && Math.random() < 0.4 && await refundAll(sql, item).catch(notPaid),
  ({ sql, at }) =>
    callSql(sql, "advance_subscriptions", {
      limit: 5,
      asOf: at,
      dunning: DUNNING,
    }),
];

function pick<Item>(list: readonly Item[]): Item | undefined {
  return list[Math.floor(Math.random() * list.length)];
}

test("eight sessions that subscribe, change plans, pay, refuse and refund for four users never deadlock, and everything live is renewed", async (shop) => {
  const { sql, dbUrl } = shop.stack;
  const planIds = await Promise.all(
    [5_000, 10_000, 10_050, 30_000, 90_000].map((price) =>
      addPlan(sql, { price })
    ),
  );
  const everybody: Subscriber[] = [];
  for (let user = 0; user < USERS; user++) {
    everybody.push(await addSubscriber(sql, START, planIds[1]));
  }
  const session = async () => {
    const own = postgres(dbUrl, { max: 1, onnotice: () => {} });
    try {
      for (let step = 0; step < STEPS; step++) {
        const day = Date.parse("2027-02-07T01:00:00Z") + step * 8.64e7;
        const [act, who, planId] = [
          pick(TURNS),
          pick(everybody),
          pick(planIds),
        ];
        assert.ok(act && who && planId);
        const at = new Date(day).toISOString();
        await act({ sql: own, who, item: pick(items.slice(-8)), planId, at });
      }
    } finally {
      await own.end();
    }
  };

  await Promise.all(Array.from({ length: SESSIONS }, session));

  // Whatever is open ends; then each live subscription owes its next period, or has been told to end.
  for (const item of items) await decline(sql, item, "soft");
  const live = await sql<{ id: string; plan_id: string; amount: string }[]>`
    select id, plan_id, amount from public.subscriptions
    where status <> 'canceled' and user_id in ${
    sql(everybody.map(({ userId }) => userId))
  }`;
  for (const { id } of live) {
    const item = await claimOne(sql, id, "2031-01-01T00:00:00+09:00", {
      isRetry: true,
    });
    await pay(sql, item);
    const [row] = await sql`
      select s.plan_id = c.plan_id and s.amount = c.plan_amount and e.plan_id = s.plan_id as agrees
      from public.subscriptions as s
      join public.subscription_charges as c on c.id = ${item.chargeId}
      join public.entitlements as e on e.charge_id = c.id and e.revoked_at is null
      where s.id = ${id}`;
    assert.equal(row?.agrees, true);
  }
  assert.ok(items.length > STEPS / 6, "something happened");
  for (const item of items) await refundAll(sql, item).catch(notPaid);
});
