import assert from "node:assert/strict";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import { buy, confirm, startPurchase } from "../../support/buy.ts";
import { cancel, ledger } from "../../support/cancel.ts";
import {
  addProduct,
  operationRows,
  orderRow,
  stockOf,
} from "../../support/database.ts";
import { placeOrder } from "../../support/buy.ts";
import {
  accountsAtToss,
  issuedBy,
  requestAccount,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks, work } from "../../support/worker.ts";

const test = shopTests();

/** What the runbook does first: the database learns that it was restored. */
async function noteRestore({ stack }: Shop, backupAt: string): Promise<void> {
  await stack.sql`select toss_private.note_restore(${backupAt})`;
}

/** The database's time. */
async function databaseTime({ stack }: Shop): Promise<string> {
  const [row] = await stack.sql<{ now: string }[]>`
    select toss_private.clock_now()::text as now`;
  assert.ok(row);
  return row.now;
}

const DAY_SECONDS = 86_400;

/** The database is as it was before `doings`; Toss is not. */
async function lose<Result>(
  shop: Shop,
  doings: () => Promise<Result>,
): Promise<Result> {
  const backup = await takeBackup(shop);
  const result = await doings();
  await settleWebhooks(shop);
  await restoreBackup(shop, backup);
  return result;
}

test("a confirm that a restore forgot is adopted by the next one, with its stock", async (shop) => {
  await addProduct(shop, "restored", 3);
  const items = [{ productId: "restored", quantity: 2 }];
  const purchase = await startPurchase(shop, { items });
  await lose(shop, () => confirm(shop, purchase));
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");

  const answer = await confirm(shop, purchase);

  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
  assert.equal(await stockOf(shop, "restored"), 1);
  const [operation] = await operationRows(shop, purchase.orderId);
  assert.equal(operation?.attempts, 1);
});

test("a confirm and its refund that a restore forgot are no fresh payment", async (shop) => {
  await alignClocks(shop);
  const purchase = await startPurchase(shop);
  await lose(shop, async () => {
    assert.equal((await confirm(shop, purchase)).status, 200);
    const { paymentKey } = purchase;
    assert.equal((await cancel(shop, { paymentKey })).status, 200);
    await advance(shop, DAY_SECONDS);
  });
  await shop.stack.sql`
    update public.orders set expires_at = toss_private.clock_now() + interval '1 hour'
    where id = ${purchase.orderId}`;

  const answer = await confirm(shop, purchase);

  assert.equal(answer.status, 402, JSON.stringify(answer.body));
  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
});

test("a refund that a restore forgot is not made again under its requestId", async (shop) => {
  const { paymentKey } = await buy(shop);
  const body = { paymentKey, cancelAmount: 1000, requestId: "once" };
  const first = await lose(shop, () => cancel(shop, body));

  const again = await cancel(shop, body);

  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.deepEqual(again.body, first.body);
  assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
});

test("refunds that look the same are told apart after a restore, in whatever order they are repeated", async (shop) => {
  const { paymentKey } = await buy(shop);
  const refund = (requestId: string) =>
    cancel(shop, { paymentKey, cancelAmount: 1000, requestId });
  await lose(shop, async () => {
    await refund("twin-1");
    await refund("twin-2");
  });

  const second = await refund("twin-2");
  const first = await refund("twin-1");
  const third = await refund("twin-3");

  assert.deepEqual([first, second, third].map(({ status }) => status), [
    200,
    200,
    200,
  ]);
  assert.equal(bookOf(shop, paymentKey).cancels.length, 3);
  assert.equal((await ledger(shop, paymentKey)).length, 3);
});

test("a refund that a restore forgot is not made again when Toss has forgotten its key", async (shop) => {
  await alignClocks(shop);
  const { paymentKey } = await buy(shop);
  const refund = (requestId: string, cancelAmount: number) =>
    cancel(shop, { paymentKey, cancelAmount, requestId });
  await lose(shop, async () => {
    await refund("old-1", 1000);
    await refund("old-2", 500);
  });
  await advance(shop, 16 * DAY_SECONDS);

  const again = await refund("old-2", 500);

  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(bookOf(shop, paymentKey).cancels.length, 2);
});

test("a virtual account that a restore forgot is the order's account again", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const first = await lose(
    shop,
    async () => issuedBy(await requestAccount(shop, { orderId })),
  );

  const again = issuedBy(await requestAccount(shop, { orderId, bank: "06" }));

  assert.deepEqual(again, first);
  assert.equal(accountsAtToss(shop, orderId).length, 1);
});

test("after note_restore the worker finds what was paid and given back meanwhile, before orders expire", async (shop) => {
  await alignClocks(shop);
  await addProduct(shop, "forgotten", 2);
  const items = [{ productId: "forgotten", quantity: 1 }];
  const confirmed = await startPurchase(shop, { items });
  const open = await startPurchase(shop, { items });
  const refunded = await buy(shop);
  const backupAt = await databaseTime(shop);
  await lose(shop, async () => {
    assert.equal((await confirm(shop, confirmed)).status, 200);
    const { paymentKey } = refunded;
    assert.equal((await cancel(shop, { paymentKey })).status, 200);
  });
  await advance(shop, 2 * 3600);

  await noteRestore(shop, backupAt);
  await work(shop, "webhooks");
  await work(shop, "expiry");

  assert.equal((await orderRow(shop, confirmed.orderId)).status, "paid");
  assert.equal((await orderRow(shop, open.orderId)).status, "expired");
  assert.equal((await orderRow(shop, refunded.orderId)).status, "refunded");
  assert.equal(await stockOf(shop, "forgotten"), 1);
});

test("a refund that the worker has found again is the answer to its requestId, also when Toss forgot its key", async (shop) => {
  await alignClocks(shop);
  const whole = await buy(shop);
  const part = await buy(shop);
  const refunds = [
    { paymentKey: whole.paymentKey, requestId: "whole" },
    { paymentKey: part.paymentKey, requestId: "part", cancelAmount: 700 },
  ];
  const backupAt = await databaseTime(shop);
  const first = await lose(
    shop,
    () => Promise.all(refunds.map((refund) => cancel(shop, refund))),
  );
  await noteRestore(shop, backupAt);
  await work(shop, "webhooks");

  assert.deepEqual(
    (await cancel(shop, refunds[0] ?? {})).body,
    first[0]?.body,
  );
  await advance(shop, 16 * DAY_SECONDS);
  assert.deepEqual(
    (await cancel(shop, refunds[1] ?? {})).body,
    first[1]?.body,
  );
  const another = await cancel(shop, { ...refunds[1], requestId: "another" });

  assert.equal(another.status, 200, JSON.stringify(another.body));
  assert.equal(bookOf(shop, part.paymentKey).cancels.length, 2);
});
