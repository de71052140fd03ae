import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { startPurchase } from "../../support/buy.ts";
import { orderByTransfer } from "../../support/issue-account.ts";
import { inRollback } from "../../support/rollback.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";

const test = shopTests();

const MINUTE_MILLISECONDS = 60_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;

/** In which minutes, counted from now, the sweep claims a payment when it comes by every five minutes. */
async function claimedAt(
  sql: Sql | TransactionSql,
  paymentKey: string,
  untilMinute: number,
): Promise<number[]> {
  const start = Date.now();
  const minutes: number[] = [];
  for (let minute = 0; minute <= untilMinute; minute += 5) {
    // A second late, as the claim's own second is after the issue's.
    const asOf = new Date(start + minute * MINUTE_MILLISECONDS + 1000);
    const { payments } = await callSql(sql, "claim_unsettled_payments", {
      limit: 500,
      asOf: asOf.toISOString(),
    });
    assert.ok(Array.isArray(payments));
    if (payments.some((payment) => payment.paymentKey === paymentKey)) {
      minutes.push(minute);
    }
  }
  return minutes;
}

test("an account is asked about after 10, 20, 40 … minutes, at least every 6 hours, at its deadline and until Toss answers", async (shop) => {
  const { paymentKey } = await orderByTransfer(shop);
  await settleWebhooks(shop);

  const minutes = await claimedAt(shop.stack.sql, paymentKey, 9 * DAY_MINUTES);

  const before = minutes.filter((minute) => minute < DAY_MINUTES);
  assert.equal(before[0], 10);
  for (const [index, minute] of before.slice(1).entries()) {
    const waited = before[index] ?? 0;
    const pause = minute - waited;
    const wanted = Math.min(waited, 6 * HOUR_MINUTES);
    assert.ok(pause >= wanted && pause <= wanted + 5, `${waited}, ${minute}`);
  }
  const after = minutes.filter((minute) => minute >= DAY_MINUTES);
  assert.deepEqual(after.slice(0, 3), [1440, 1450, 1460]);
  const pauses = after.slice(1).map((minute, index) =>
    minute - (after[index] ?? 0)
  );
  assert.deepEqual([...new Set(pauses)], [10, 6 * HOUR_MINUTES]);
  const often = after.filter((minute) => minute < 2 * DAY_MINUTES);
  assert.equal(often.length, DAY_MINUTES / 10);
  const [last = 0] = minutes.slice(-1);
  assert.ok(last >= 8.7 * DAY_MINUTES, "Toss has not said how it ended");
});

test("an account whose order has ended is asked about for a week after its deadline", async (shop) => {
  const { paymentKey, orderId } = await orderByTransfer(shop);
  await settleWebhooks(shop);
  await inRollback(shop.stack.sql, async (sql) => {
    await sql`update public.orders set status = 'expired' where id = ${orderId}`;

    const minutes = await claimedAt(sql, paymentKey, 9 * DAY_MINUTES);

    const after = minutes.filter((minute) => minute > DAY_MINUTES);
    const pauses = after.slice(1).map((minute, index) =>
      minute - (after[index] ?? 0)
    );
    assert.deepEqual([...new Set(pauses)], [6 * HOUR_MINUTES]);
    const [last = 0] = minutes.slice(-1);
    assert.ok(last >= 8 * DAY_MINUTES && last <= 8.3 * DAY_MINUTES);
  });
});

test("a payment that was opened and never confirmed is asked about when Toss must have ended it, then every 10 minutes", async (shop) => {
  const purchase = await startPurchase(shop);
  await deliverWebhook(shop, statusChanged({ ...purchase }));
  await settleWebhooks(shop);

  const minutes = await claimedAt(shop.stack.sql, purchase.paymentKey, 70);

  assert.deepEqual(minutes, [45, 55, 65]);
});
