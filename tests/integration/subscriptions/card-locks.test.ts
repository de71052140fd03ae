import assert from "node:assert/strict";
import postgres, { type Sql, type TransactionSql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import {
  registerMethod,
  removeMethod,
  removeMethodAtToss,
} from "../../support/methods.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addMethod,
  addPlan,
  addSubscriber,
  type ChargeItem,
  claim,
  claimOne,
  decline,
  DUNNING,
  leasing,
  pay,
  refundAll,
} from "../../support/subscriber.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const test = shopTests({}, assertInvariantsHold);
const USERS = 5;
const SESSIONS = 8;
const STEPS = propertyRuns(24);
const START = "2027-01-31T10:00:00+09:00";

/** A user who pays for several plans with several cards. */
interface Member {
  userId: string;
  subscriptionIds: string[];
  methodIds: string[];
}

function pick<Item>(list: Item[]): Item {
  const item = list[Math.floor(Math.random() * list.length)];
  assert.ok(item !== undefined);
  return item;
}

async function addMember(sql: Sql, planIds: string[]): Promise<Member> {
  const [first, ...others] = planIds;
  assert.ok(first);
  const { userId, methodId, subscriptionId } = await addSubscriber(
    sql,
    START,
    first,
  );
  const subscriptionIds = [subscriptionId];
  for (const planId of others) {
    const [row] = await sql<{ id: string }[]>`
      insert into public.subscriptions
        (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
      select s.user_id, ${planId}, s.billing_method_id, 'active', s.current_period_start, s.current_period_end,
        s.next_charge_at
      from public.subscriptions as s where s.id = ${subscriptionId}
      returning id`;
    if (row) subscriptionIds.push(row.id);
  }
  return { userId, subscriptionIds, methodIds: [methodId] };
}

/** An answer that is older than what is known changes nothing, which pay() does not expect. */
function notPaid(error: unknown): void {
  if (!(error instanceof assert.AssertionError)) throw error;
}

test("who only refers to a charge or its subscription holds up nobody who ends it", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const at = "2027-03-01T10:00:00+09:00";
  const item = await claimOne(sql, who.subscriptionId, at);
  const other = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    await other.begin(async (session) => {
      // What the check of a foreign key locks, for example when an order or an operation is written twice.
      await session`select 1 from public.subscription_charges where id = ${item.chargeId} for key share`;
      await session`select 1 from public.subscriptions where id = ${who.subscriptionId} for key share`;
      const within = <Answer>(act: (own: TransactionSql) => Promise<Answer>) =>
        sql.begin(async (own) => {
          await own`set local lock_timeout = '3s'`;
          return await act(own);
        });

      await within((own) => decline(own, item, "soft"));
      await within((own) =>
        callSql(own, "change_subscription", {
          subscriptionId: who.subscriptionId,
          action: "change_method",
          billingMethodId: who.methodId,
          asOf: at,
          ...leasing(0),
        })
      );
      const [again] = await within(async (own) =>
        (await claim(own, at, {
          subscriptionId: who.subscriptionId,
        })).charges
      );
      assert.ok(again);
      await within((own) => pay(own, again));
    });
  } finally {
    await other.end();
  }
});

test("cards come, go and are chosen by eight sessions at a time, for users with several subscriptions: no deadlock", async (shop) => {
  const { sql } = shop.stack;
  const planIds: string[] = [];
  for (let index = 0; index < 4; index++) {
    planIds.push(await addPlan(sql, { interval: "week", catchUp: "all" }));
  }
  const members: Member[] = [];
  for (let index = 0; index < USERS; index++) {
    members.push(await addMember(sql, planIds));
  }
  const items: ChargeItem[] = [];
  type Step = (own: Sql, who: Member, at: string) => Promise<unknown>;
  const recent = () => items.length > 0 ? pick(items.slice(-8)) : undefined;
  const settle: Step = async (own) => {
    const item = recent();
    if (item === undefined) return;
    await pick([
      () => pay(own, item).catch(notPaid),
      () => pay(own, item).catch(notPaid),
      () => decline(own, item, "soft"),
      () => decline(own, item, "hard"),
    ])();
  };
  const steps: Step[] = [
    async (own, _who, at) => {
      const { charges } = await claim(own, at, { limit: 3, leaseSeconds: 0 });
      items.push(...charges);
    },
    async (own, who, at) => {
      const subscriptionId = pick(who.subscriptionIds);
      const { charges } = await claim(own, at, {
        subscriptionId,
        isRetry: true,
        leaseSeconds: 0,
      });
      items.push(...charges);
    },
    settle,
    settle,
    settle,
    async (own, who) => {
      who.methodIds.push(await addMethod(own, who.userId));
    },
    async (own, who) => {
      // More of them than a user may register.
      await own`delete from toss_private.card_attempts where user_id = ${who.userId}`;
      who.methodIds.push(await registerMethod(own, who.userId));
    },
    (own, who) => removeMethod(own, who.userId, pick(who.methodIds)),
    (own, who) => removeMethodAtToss(own, pick(who.methodIds)),
    (own, who, at) =>
      callSql(own, "change_subscription", {
        subscriptionId: pick(who.subscriptionIds),
        userId: who.userId,
        action: pick(["change_method", "change_method", "retry_payment"]),
        billingMethodId: pick(who.methodIds.slice(-3)),
        asOf: at,
        ...leasing(0),
      }),
    (own, _who, at) =>
      callSql(own, "advance_subscriptions", {
        limit: 5,
        asOf: at,
        dunning: DUNNING,
      }),
  ];
  // One shop changes its plans one after the other.
  const regroup: Step = (own) =>
    own`update public.plans set plan_group = ${
      pick([null, "one"])
    } where id = ${pick(planIds)}`;
  const session = async (_: unknown, number: number) => {
    const own = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
    try {
      for (let day = 0; day < STEPS; day++) {
        const at = new Date(
          Date.parse("2027-02-07T01:00:00Z") + day * 8.64e7,
        ).toISOString();
        const step = number === 0 && day % 5 === 0 ? regroup : pick(steps);
        await step(own, pick(members), at);
      }
    } finally {
      await own.end();
    }
  };

  await Promise.all(Array.from({ length: SESSIONS }, session));

  const wrong = await sql`
    select s.id from public.subscriptions as s
    where s.status <> 'canceled' and not s.needs_payment_method
      and not toss_private.usable_billing_method(s.billing_method_id)`;
  assert.deepEqual([...wrong], [], "who has no card is asked for one");
  const [settled] = await sql<{ count: number }[]>`
    select count(*)::integer as count from public.subscription_charges where status = 'paid'`;
  assert.ok((settled?.count ?? 0) > 5, "something happened");
  // What is paid twice by a late answer is named until it is given back; nothing else may be wrong.
  for (const item of items) await refundAll(sql, item).catch(notPaid);
});
