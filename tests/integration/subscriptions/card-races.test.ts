import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { removeMethod, removeMethodAtToss } from "../../support/methods.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addMethod,
  addPlan,
  addSubscriber,
  claimOne,
  decline,
  leasing,
  pay,
  readCharge,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
const DUE = "2027-02-28T10:00:00+09:00";

/** A call of change_subscription or of what removes a card. */
type Call = (sql: Sql) => Promise<Record<string, unknown>>;

function changeMethod(who: Subscriber, billingMethodId: string): Call {
  return (sql) =>
    callSql(sql, "change_subscription", {
      subscriptionId: who.subscriptionId,
      userId: who.userId,
      action: "change_method",
      billingMethodId,
      asOf: DUE,
      ...leasing(),
    });
}

/** Waits until a session waits for a lock. */
async function untilLocked({ stack }: Shop, pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const [row] = await stack.sql`
      select wait_event_type from pg_catalog.pg_stat_activity where pid = ${pid}`;
    if (row?.wait_event_type === "Lock") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("the second session does not wait for the first");
}

/**
 * Two sessions at the same time: `first` is done and not committed, `second` begins and must wait, then both go on.
 */
async function race(shop: Shop, first: Call, second: Call) {
  const one = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
  const two = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    const [session] = await two<{ pid: number }[]>`
      select pg_backend_pid() as pid`;
    let waiting: Promise<Record<string, unknown>> | undefined;
    const done = await one.begin(async (sql) => {
      const answer = await first(sql as unknown as Sql);
      waiting = second(two);
      waiting.catch(() => {});
      await untilLocked(shop, session?.pid ?? 0);
      return answer;
    });
    assert.ok(waiting);
    return [done, await waiting] as const;
  } finally {
    await one.end();
    await two.end();
  }
}

const REMOVALS = [
  [
    "its user",
    ({ userId }: Subscriber, id: string): Call => (sql) =>
      removeMethod(sql, userId, id),
  ],
  [
    "Toss",
    (_who: Subscriber, id: string): Call => (sql) =>
      removeMethodAtToss(sql, id),
  ],
] as const;

for (const [by, remove] of REMOVALS) {
  test(`a card that ${by} removes first cannot be changed to, and the subscription keeps the one it had`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START);
    const other = await addMethod(sql, who.userId);

    const [, changed] = await race(
      shop,
      remove(who, other),
      changeMethod(who, other),
    );

    assert.deepEqual(changed, { outcome: "method_not_found" });
    const row = await subscriptionRow(sql, who.subscriptionId);
    assert.deepEqual([row.billing_method_id, row.needs_payment_method], [
      who.methodId,
      false,
    ]);
  });

  test(`a card that ${by} removes after the change to it: the subscription asks for another`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START);
    const other = await addMethod(sql, who.userId);

    const [changed, removed] = await race(
      shop,
      changeMethod(who, other),
      remove(who, other),
    );

    assert.equal(changed.outcome, "changed");
    assert.ok(["proceed", "deleted"].includes(String(removed.outcome)));
    const row = await subscriptionRow(sql, who.subscriptionId);
    assert.deepEqual([row.billing_method_id, row.needs_payment_method], [
      other,
      true,
    ]);
    const [event] = await sql`
      select payload -> 'subscriptionIds' as asking from public.outbox_events
      where subject = ${other} and event_type = 'billing_method.deleted'`;
    assert.deepEqual(event?.asking, [who.subscriptionId]);
  });

  test(`a debt whose card ${by} removes first is charged to none`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START);
    await decline(sql, await claimOne(sql, who.subscriptionId, DUE), "hard");
    const other = await addMethod(sql, who.userId);

    const [, changed] = await race(
      shop,
      remove(who, other),
      changeMethod(who, other),
    );

    assert.equal(changed.outcome, "method_not_found");
    const row = await subscriptionRow(sql, who.subscriptionId);
    assert.deepEqual([row.status, row.needs_payment_method], [
      "past_due",
      true,
    ]);
  });

  test(`a card that ${by} removes while its first charge is settled is not the card of the new subscription unseen`, async (shop) => {
    const { sql } = shop.stack;
    const { userId, methodId } = await addSubscriber(sql, START);
    const planId = await addPlan(sql);
    const begun = await callSql(sql, "subscribe_with_method", {
      planId,
      billingMethodId: methodId,
      userId,
      ...leasing(),
    });
    const start = readCharge(begun.charge);
    const who = { userId, methodId, planId, subscriptionId: "" };

    await race(
      shop,
      remove(who, methodId),
      async (session) => await pay(session, start),
    );

    const [row] = await sql`
      select needs_payment_method from public.subscriptions where user_id = ${userId} and plan_id = ${planId}`;
    assert.equal(row?.needs_payment_method, true);
  });
}
