import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";
import { answerAbout, applyAnswer, waitingFor } from "../support/answers.ts";
import { buy, confirm, placeOrder, startPurchase } from "../support/buy.ts";
import { inRollback } from "../support/rollback.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { cancelAtToss } from "../support/toss-side.ts";
import { signUp } from "../support/users.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import { moveDatabaseClock } from "../support/worker.ts";

const test = shopTests();

const DAY_SECONDS = 86_400;

async function passLength({ stack }: Shop, orderId: string) {
  const [pass] = await stack.sql<{ is_month: boolean; is_year: boolean }[]>`
    select ends_at = private.period_boundary(starts_at, 'month', 1, 1) as is_month,
      ends_at = private.period_boundary(starts_at, 'year', 1, 1) as is_year
    from public.entitlements where order_id = ${orderId}`;
  assert.ok(pass, "there is no pass");
  return pass.is_month ? "month" : pass.is_year ? "year" : "neither";
}

/** The order of each pass in force, by the time it begins. */
async function passesInOrder(sql: Sql | TransactionSql, userId: string) {
  const rows = await sql<
    { order_id: string; starts_at: Date; ends_at: Date }[]
  >`
    select order_id, starts_at, ends_at from public.entitlements
    where user_id = ${userId} and revoked_at is null order by starts_at`;
  return [...rows];
}

async function countOverlaps(sql: Sql | TransactionSql, userId: string) {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int
    from public.entitlements as one
    join public.entitlements as other
      on other.user_id = one.user_id and other.plan_id = one.plan_id
        and other.id < one.id and other.revoked_at is null
    where one.user_id = ${userId} and one.revoked_at is null
      and one.starts_at < other.ends_at and other.starts_at < one.ends_at`;
  return row?.count;
}

async function planStatus({ stack }: Shop, userId: string) {
  const [row] = await stack.sql<{ status: string }[]>`
    select status from public.user_plans where user_id = ${userId}`;
  return row?.status;
}

const EDITS = [
  { planId: "pro-yearly", sold: "year", edited: "month" },
  { planId: "basic", sold: "month", edited: "year" },
];

for (const { planId, sold, edited } of EDITS) {
  test(`a pass sold for a ${sold} lasts a ${sold} when the plan is a ${edited}'s by the time it is paid`, async (shop) => {
    const user = await signUp(shop);
    const purchase = await startPurchase(shop, { planId }, user.accessToken);
    const edit = (interval: string) =>
      shop.stack
        .sql`update public.plans set interval = ${interval} where id = ${planId}`;
    await edit(edited);
    try {
      assert.equal((await confirm(shop, purchase)).status, 200);
    } finally {
      await edit(sold);
    }

    assert.equal(await passLength(shop, purchase.orderId), sold);
  });
}

test("a second pass begins at once when the first is refunded", async (shop) => {
  const user = await signUp(shop);
  const first = await buy(shop, { planId: "pro" }, user.accessToken);
  const second = await buy(shop, { planId: "pro" }, user.accessToken);
  await moveDatabaseClock(shop, DAY_SECONDS);

  await cancelAtToss(shop, first.paymentKey);
  await settleWebhooks(shop);

  assert.equal(await planStatus(shop, user.id), "active");
  assert.equal(await passLength(shop, second.orderId), "month");
});

test("a third pass moves up behind the first when the second is refunded", async (shop) => {
  const user = await signUp(shop);
  const pass = { planId: "pro" };
  const first = await buy(shop, pass, user.accessToken);
  const second = await buy(shop, pass, user.accessToken);
  const third = await buy(shop, pass, user.accessToken);

  await cancelAtToss(shop, second.paymentKey);
  await settleWebhooks(shop);

  const [one, two, ...others] = await passesInOrder(shop.stack.sql, user.id);
  assert.deepEqual(others, []);
  assert.equal(one?.order_id, first.orderId);
  assert.equal(two?.order_id, third.orderId);
  assert.deepEqual(two.starts_at, one.ends_at);
  assert.equal(await passLength(shop, third.orderId), "month");
});

test("a pass whose deposit was taken back and paid again overlaps no other", async (shop) => {
  const user = await signUp(shop);
  const pass = { planId: "pro" };
  const first = await placeOrder(shop, pass, user.accessToken);
  const second = await placeOrder(shop, pass, user.accessToken);
  const waits = waitingFor("2099-01-01T00:00:00+09:00");
  await inRollback(shop.stack.sql, async (sql) => {
    await applyAnswer(sql, answerAbout("deposit-1", first));
    await applyAnswer(sql, answerAbout("deposit-1", first, waits));
    assert.deepEqual(await passesInOrder(sql, user.id), []);
    await applyAnswer(sql, answerAbout("deposit-2", second));

    await applyAnswer(sql, answerAbout("deposit-1", first));

    const [one, two] = await passesInOrder(sql, user.id);
    assert.equal(one?.order_id, second.orderId);
    assert.equal(two?.order_id, first.orderId);
    assert.equal(await countOverlaps(sql, user.id), 0);
    assert.deepEqual(two.starts_at, one.ends_at);
    const violations = await sql`select * from public.invariant_violations()`;
    assert.deepEqual([...violations], []);
  });
});

test("a pass whose deposit is taken back lets the next one begin, and follows it afterwards", async (shop) => {
  const user = await signUp(shop);
  const pass = { planId: "pro" };
  const first = await placeOrder(shop, pass, user.accessToken);
  const second = await placeOrder(shop, pass, user.accessToken);
  const waits = waitingFor("2099-01-01T00:00:00+09:00");
  await inRollback(shop.stack.sql, async (sql) => {
    await applyAnswer(sql, answerAbout("deposit-3", first));
    await applyAnswer(sql, answerAbout("deposit-4", second));
    await applyAnswer(sql, answerAbout("deposit-3", first, waits));
    const [moved] = await sql`
      select starts_at <= private.clock_now() as has_begun
      from public.entitlements where order_id = ${second.orderId}`;
    assert.equal(moved?.has_begun, true);

    await applyAnswer(sql, answerAbout("deposit-3", first));

    assert.equal(await countOverlaps(sql, user.id), 0);
    const order = (await passesInOrder(sql, user.id))
      .map(({ order_id }) => order_id);
    assert.deepEqual(order, [second.orderId, first.orderId]);
  });
});
