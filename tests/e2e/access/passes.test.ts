import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";
import { answerAbout, applyAnswer, waitingFor } from "../../support/answers.ts";
import { buy, confirm, placeOrder, startPurchase } from "../../support/buy.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { signUp } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock } from "../../support/worker.ts";

const test = shopTests();

const DAY_SECONDS = 86_400;

async function passLength({ stack }: Shop, orderId: string) {
  const [pass] = await stack.sql<{ is_month: boolean; is_year: boolean }[]>`
    select ends_at = toss_private.period_boundary(starts_at, 'month', 1, 1) as is_month,
      ends_at = toss_private.period_boundary(starts_at, 'year', 1, 1) as is_year
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
      select starts_at <= toss_private.clock_now() as has_begun
      from public.entitlements where order_id = ${second.orderId}`;
    assert.equal(moved?.has_begun, true);

    await applyAnswer(sql, answerAbout("deposit-3", first));

    assert.equal(await countOverlaps(sql, user.id), 0);
    const order = (await passesInOrder(sql, user.id))
      .map(({ order_id }) => order_id);
    assert.deepEqual(order, [second.orderId, first.orderId]);
  });
});

/** The clock of the transaction's own future. */
async function daysLater(sql: TransactionSql, days: number) {
  await sql`
    update toss_private.clock set time_offset = time_offset + make_interval(days => ${days})`;
}

/** The days for which an order's pass is still good, counted from its start or from now. */
async function daysLeft(sql: TransactionSql, orderId: string) {
  const [pass] = await sql<{ days: number }[]>`
    select extract(epoch from ends_at - greatest(starts_at, toss_private.clock_now()))::float8 / ${DAY_SECONDS} as days
    from public.entitlements where order_id = ${orderId} and revoked_at is null`;
  return pass === undefined ? null : Math.round(pass.days * 1000) / 1000;
}

/** What the bank takes back and brings again, as often as it likes. */
async function buyByDeposit(
  shop: Shop,
  sql: TransactionSql,
  key: string,
  accessToken: string,
) {
  const order = await placeOrder(shop, { planId: "pro" }, accessToken);
  return {
    ...order,
    deposit: () => applyAnswer(sql, answerAbout(key, order)),
    reverse: () =>
      applyAnswer(
        sql,
        answerAbout(key, order, waitingFor("2099-01-01T00:00:00+09:00")),
      ),
  };
}

test("a pass whose deposit was taken back and came again goes on where it stopped", async (shop) => {
  const user = await signUp(shop);
  await inRollback(shop.stack.sql, async (sql) => {
    const pass = await buyByDeposit(shop, sql, "deposit-5", user.accessToken);
    await pass.deposit();
    const whole = await daysLeft(sql, pass.orderId);
    assert.ok(whole !== null && whole >= 28);
    await daysLater(sql, 10);
    await pass.reverse();
    assert.equal(await daysLeft(sql, pass.orderId), null);
    await daysLater(sql, 3);

    await pass.deposit();

    assert.equal(await daysLeft(sql, pass.orderId), whole - 10);
    // As often as it happens.
    await daysLater(sql, 5);
    await pass.reverse();
    await daysLater(sql, 1);
    await pass.deposit();
    assert.equal(await daysLeft(sql, pass.orderId), whole - 15);
    const violations = await sql`select * from public.invariant_violations()`;
    assert.deepEqual([...violations], []);
  });
});

test("a pass that goes on behind another one, or moves up, has no more days than it had left", async (shop) => {
  const user = await signUp(shop);
  await inRollback(shop.stack.sql, async (sql) => {
    const first = await buyByDeposit(shop, sql, "deposit-6", user.accessToken);
    const second = await buyByDeposit(shop, sql, "deposit-7", user.accessToken);
    await first.deposit();
    const whole = await daysLeft(sql, first.orderId);
    assert.ok(whole !== null);
    await second.deposit();
    await daysLater(sql, 10);
    await first.reverse();
    await daysLater(sql, 1);

    await first.deposit();

    assert.equal(await daysLeft(sql, first.orderId), whole - 10);
    assert.equal(await countOverlaps(sql, user.id), 0);
    await daysLater(sql, 2);
    await second.reverse();
    assert.equal(await daysLeft(sql, first.orderId), whole - 10);
    await second.deposit();
    assert.equal(await countOverlaps(sql, user.id), 0);
    assert.equal(await daysLeft(sql, first.orderId), whole - 10);
  });
});

test("a pass that was used up before its deposit was taken back gives nothing again", async (shop) => {
  const user = await signUp(shop);
  await inRollback(shop.stack.sql, async (sql) => {
    const pass = await buyByDeposit(shop, sql, "deposit-8", user.accessToken);
    await pass.deposit();
    await daysLater(sql, 40);
    await pass.reverse();
    await daysLater(sql, 1);

    await pass.deposit();

    const left = await daysLeft(sql, pass.orderId);
    assert.ok(left !== null && left <= 0, `${left} days`);
    const violations = await sql`select * from public.invariant_violations()`;
    assert.deepEqual([...violations], []);
  });
});

test("a pass that had not begun when its deposit was taken back is a whole one when it comes again", async (shop) => {
  const user = await signUp(shop);
  await inRollback(shop.stack.sql, async (sql) => {
    const first = await buyByDeposit(shop, sql, "deposit-9", user.accessToken);
    const second = await buyByDeposit(
      shop,
      sql,
      "deposit-10",
      user.accessToken,
    );
    await first.deposit();
    await second.deposit();
    await daysLater(sql, 10);
    await second.reverse();
    await second.deposit();

    const [, behind] = await passesInOrder(sql, user.id);
    assert.equal(behind?.order_id, second.orderId);
    const [row] = await sql<{ is_month: boolean }[]>`
      select ends_at = toss_private.period_boundary(starts_at, 'month', 1, 1) as is_month
      from public.entitlements where order_id = ${second.orderId}`;
    assert.equal(row?.is_month, true);
  });
});
