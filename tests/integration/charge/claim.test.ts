import assert from "node:assert/strict";
import postgres from "postgres";
import { z } from "zod";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addPlan,
  addSubscriber,
  chargeRows,
  claim,
  claimOne,
  decline,
  leasing,
  pay,
  refundAll,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
const DUE = "2027-02-28T10:00:00+09:00";

/** Subscribers of one plan, all due at {@linkcode DUE}. */
async function addMany({ stack }: Shop, count: number): Promise<string[]> {
  const planId = await addPlan(stack.sql);
  const rows = await stack.sql<{ id: string }[]>`
    with customer as (
      insert into public.customers (user_id)
      select gen_random_uuid() from generate_series(1, ${count}) returning user_id
    ),
    method as (
      insert into public.billing_methods (user_id, method, card_number_masked)
      select user_id, 'CARD', '4330******' from customer returning id, user_id
    ),
    key as (
      insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
      select id, encode(sha256(id::text::bytea), 'hex'), 'k1', 'x' from method
    )
    insert into public.subscriptions
      (user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    select user_id, ${planId}, id, 'active', ${START}, ${DUE}, ${DUE} from method
    returning id`;
  return rows.map(({ id }) => id);
}

/** One runner: claims and pays until nothing is left; answers how many charges it was given. */
async function run({ stack }: Shop, batch: number): Promise<string[]> {
  const session = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  const got: string[] = [];
  try {
    for (;;) {
      const { charges } = await claim(session, DUE, { limit: batch });
      if (charges.length === 0) return got;
      for (const item of charges) {
        got.push(item.chargeId);
        await pay(session, item);
      }
    }
  } finally {
    await session.end();
  }
}

const MANY = propertyRuns(75);

test("eight sessions that claim many due subscriptions get each charge once", async (shop) => {
  const ids = await addMany(shop, MANY);

  const got = await Promise.all(
    Array.from({ length: 8 }, (_, number) => run(shop, 5 + number)),
  );

  const all = got.flat();
  assert.equal(all.length, MANY);
  assert.equal(new Set(all).size, MANY);
  assert.ok(got.filter((one) => one.length > 0).length > 1, "more than one");
  const [counted] = await shop.stack.sql`
    select count(*)::int as charges, count(distinct subscription_id)::int as subscriptions,
      count(*) filter (where status = 'paid' and attempt = 1)::int as paid
    from public.subscription_charges where subscription_id = any (${ids})`;
  assert.deepEqual(counted, { charges: MANY, subscriptions: MANY, paid: MANY });
  assert.equal((await claim(shop.stack.sql, DUE)).remaining, 0);
});

test("a session that is killed in the middle of its claim leaves every row to the others", async (shop) => {
  await addMany(shop, 20);
  const victim = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
  const [session] = await victim<{ pid: number }[]>`
    select pg_backend_pid() as pid`;
  assert.ok(session);
  const request = JSON.stringify({ limit: 10, asOf: DUE, ...leasing() });
  const cut = victim.unsafe(
    `begin; select public.claim_due_charges('${request}'); select pg_sleep(60); commit`,
  ).simple();
  const refused = assert.rejects(cut);
  await eventually("the session holds its rows", async () => {
    const [row] = await shop.stack.sql`
      select count(*)::int as count from pg_stat_activity
      where pid = ${session.pid} and wait_event = 'PgSleep'`;
    return row?.count === 1;
  });
  for (const item of (await claim(shop.stack.sql, DUE, { limit: 5 })).charges) {
    await pay(shop.stack.sql, item);
  }
  await shop.stack.sql`select pg_terminate_backend(${session.pid})`;
  await refused;
  await victim.end({ timeout: 1 });

  const got = await Promise.all([run(shop, 7), run(shop, 7)]);

  assert.equal(got.flat().length, 15);
  assert.equal(new Set(got.flat()).size, 15);
});

test("what a killed runner had claimed is claimed again after its lease, to be resolved, under the same key", async (shop) => {
  const { sql } = shop.stack;
  const [id = ""] = await addMany(shop, 1);
  const first = await claimOne(sql, id, DUE);
  assert.deepEqual((await claim(sql, DUE)).charges, []);
  // A run in the far future must not take over a lease that runs on the real clock.
  const later = "2030-01-01T00:00:00+09:00";
  assert.deepEqual(
    (await claim(sql, later, { subscriptionId: id })).charges,
    [],
  );
  await sql`
    update public.operations set lease_expires_at = toss_private.clock_now() - interval '1 second'
    where id = ${first.operationId}`;

  const again = await claimOne(sql, id, DUE);

  assert.equal(again.isResolve, true);
  assert.equal(first.isResolve, false);
  assert.equal(again.chargeId, first.chargeId);
  assert.equal(again.orderId, first.orderId);
  assert.equal(again.idempotencyKey, first.idempotencyKey);
  assert.equal((await chargeRows(sql, id))[0]?.status, "unknown");
  // The slow runner comes back: it changes nothing.
  assert.equal((await decline(sql, first, "soft")).outcome, "unknown");
  await pay(sql, again);
  assert.equal((await decline(sql, again, "soft")).outcome, "paid");
  assert.equal((await subscriptionRow(sql, id)).status, "active");
});

test("order id and Idempotency-Key follow from the charge and the attempt", async (shop) => {
  const { sql } = shop.stack;
  const [id = ""] = await addMany(shop, 1);
  const item = await claimOne(sql, id, DUE);
  await decline(sql, item, "soft");
  const next = await claimOne(sql, id, "2027-03-01T10:00:01+09:00");

  // Nobody who sees one order can tell the next one's id.
  assert.notEqual(item.orderId.slice(4, 36), next.orderId.slice(4, 36));
  assert.match(item.orderId, /^sub_[0-9a-f]{32}_1$/);
  assert.equal(item.idempotencyKey, `charge-${item.chargeId}-1-1`);
  assert.match(next.orderId, /^sub_[0-9a-f]{32}_2$/);
  assert.equal(next.idempotencyKey, `charge-${item.chargeId}-2-1`);
  await pay(sql, next);
});

test("postpone_operation() keeps the attempt, makes it unknown and spends the key when asked", async (shop) => {
  const { sql } = shop.stack;
  const [id = ""] = await addMany(shop, 1);
  const item = await claimOne(sql, id, DUE);
  const postponed = await callSql(sql, "postpone_operation", {
    operationId: item.operationId,
    leaseToken: item.leaseToken,
    errorCode: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    errorMessage: "outage",
    keyIsSpent: true,
    retryAfterSeconds: 0,
    source: "billing",
    requestId: "test",
  });
  assert.equal(postponed.outcome, "unknown");
  assert.equal((await chargeRows(sql, id))[0]?.status, "unknown");

  const again = await claimOne(sql, id, DUE);

  assert.equal(again.attempt, 1);
  assert.equal(again.orderId, item.orderId);
  assert.equal(again.idempotencyKey, `charge-${item.chargeId}-1-2`);
  await pay(sql, again);
});

test("a buyer cannot pay the order of a charge in the payment window", async (shop) => {
  const { sql } = shop.stack;
  const [id = ""] = await addMany(shop, 1);
  const item = await claimOne(sql, id, DUE);

  const answer = await callSql(sql, "begin_confirmation", {
    orderId: item.orderId,
    amount: item.amount,
    paymentKey: "payment-of-a-buyer",
    ...leasing(),
  });

  assert.equal(answer.outcome, "order_closed");
  const expired = await callSql(sql, "expire_orders", { limit: 100 });
  assert.deepEqual(expired, { expired: 0, remaining: 0 });
  await pay(sql, item);
});

test("preview_due_charges() shows what the claim then does, and writes nothing", async (shop) => {
  const { sql } = shop.stack;
  const subscriber: Subscriber = await addSubscriber(sql, START);
  const { subscriptionId } = subscriber;
  const preview = await callSql(sql, "preview_due_charges", {
    limit: 10,
    asOf: DUE,
    subscriptionId,
  });
  const [listed] = z.array(z.record(z.string(), z.unknown()))
    .parse(preview.charges);

  assert.equal((await chargeRows(sql, subscriptionId)).length, 0);
  const item = await claimOne(sql, subscriptionId, DUE);
  const [charge] = await chargeRows(sql, subscriptionId);
  assert.equal(listed?.amount, item.amount);
  assert.equal(listed?.userId, subscriber.userId);
  assert.equal(
    new Date(String(listed?.periodEnd)).toISOString(),
    charge?.period_end,
  );
  await pay(sql, item);
});

test("one subscription that cannot be charged does not keep the others from it, and is named", async (shop) => {
  const { sql } = shop.stack;
  const broken = await addSubscriber(sql, START);
  const other = await addSubscriber(sql, START);
  // Somebody turned the books back by hand: the period is charged already.
  await pay(sql, await claimOne(sql, broken.subscriptionId, DUE));
  await sql`
    update public.subscriptions set period_number = 0, next_charge_at = ${DUE}
    where id = ${broken.subscriptionId}`;

  const { charges } = await claim(sql, DUE);

  assert.deepEqual(
    charges.map(({ subscriptionId }) => subscriptionId),
    [other.subscriptionId],
  );
  const violations = await sql`
    select subject from public.invariant_violations() where invariant = 'subscription_can_be_charged'`;
  assert.deepEqual([...violations], [{ subject: broken.subscriptionId }]);
  for (const item of charges) await pay(sql, item);
  await sql`
    update public.subscriptions set period_number = 1 where id = ${broken.subscriptionId}`;
  await callSql(sql, "change_subscription", {
    subscriptionId: broken.subscriptionId,
    action: "cancel_now",
    ...leasing(),
  });
});

test("an open attempt is not sent any more once its charge is paid or its subscription is over", async (shop) => {
  const { sql } = shop.stack;
  const expire = (operationId: string) =>
    sql`
      update public.operations set lease_expires_at = toss_private.clock_now() - interval '1 second'
      where id = ${operationId}`;
  const { subscriptionId } = await addSubscriber(sql, START);
  const first = await claimOne(sql, subscriptionId, DUE);
  await pay(sql, first);
  const second = await claimOne(
    sql,
    subscriptionId,
    "2027-03-31T10:00:00+09:00",
  );
  assert.equal(second.stopped, null);
  await refundAll(sql, first);
  await expire(second.operationId);

  const again = await claimOne(sql, subscriptionId, DUE);

  assert.deepEqual([again.stopped?.code, again.keyId, again.ciphertext], [
    "SUBSCRIPTION_ENDED",
    null,
    null,
  ]);
  assert.equal((await decline(sql, again, "hard")).outcome, "declined");
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
});

test("who has lost the customerKey is asked for a card; the others of the batch are charged", async (shop) => {
  const { sql } = shop.stack;
  const lost = await addSubscriber(sql, START);
  const other = await addSubscriber(sql, START);
  await sql`delete from public.customers where user_id = ${lost.userId}`;

  const { charges } = await claim(sql, DUE);

  const of = ({ subscriptionId }: Subscriber) =>
    charges.find((charge) => charge.subscriptionId === subscriptionId);
  const [theirs, others] = [of(lost), of(other)];
  assert.ok(theirs && others, "every charge of the batch can be read");
  // Toss: NOT_MATCHES_CUSTOMER_KEY.
  await decline(sql, theirs, "hard");
  await pay(sql, others);
});
