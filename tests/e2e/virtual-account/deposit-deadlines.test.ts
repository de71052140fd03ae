import assert from "node:assert/strict";
import { placeOrder } from "../../support/buy.ts";
import { outboxEvents } from "../../support/cancel.ts";
import {
  addProduct,
  auditEvents,
  orderRow,
  stockOf,
} from "../../support/database.ts";
import {
  type IssuedAccount,
  issuedBy,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import { plantOnce } from "../../support/lost-answer.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import {
  advance,
  alignClocks,
  queriesSince,
  work,
} from "../../support/worker.ts";

const test = shopTests();

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

type Settings = Parameters<Shop["simulator"]["changeSettings"]>[0];

/** The last unit of a product, bought with an account of two hours; its answers look as the settings say. */
async function awaitDeposit(
  shop: Shop,
  productId: string,
  settings: Settings = {},
): Promise<IssuedAccount> {
  await alignClocks(shop);
  shop.simulator.changeSettings({
    accountExpiry: "flag",
    showDueDate: true,
    ...settings,
  });
  await addProduct(shop, productId, 1);
  const { orderId } = await placeOrder(shop, {
    items: [{ productId, quantity: 1 }],
  });
  const issued = issuedBy(
    await requestAccount(shop, { orderId, validHours: 2 }),
  );
  await settleWebhooks(shop);
  return issued;
}

/** The worker comes by every so often while time passes. */
async function pass(
  shop: Shop,
  seconds: number,
  step = 10 * MINUTE_SECONDS,
): Promise<void> {
  for (let passed = 0; passed < seconds; passed += step) {
    await advance(shop, step);
    await work(shop, "expiry");
  }
}

async function statusOf(
  shop: Shop,
  { orderId }: Pick<IssuedAccount, "orderId">,
) {
  return (await orderRow(shop, orderId)).status;
}

async function deadlineAlerts({ stack }: Shop, { orderId }: IssuedAccount) {
  const rows = await stack.sql<{ level: string }[]>`
    select level from public.alerts
    where alert = 'deadline_not_proven' and subject = ${orderId}`;
  return rows.map(({ level }) => level);
}

const SHAPES: [string, Settings][] = [
  ["never says expired", { accountExpiry: "never" }],
  ["leaves expired out", { accountExpiry: "absent" }],
  ["writes expired as a text", { accountExpiry: "text" }],
  ["names no deadline and never says expired", {
    accountExpiry: "never",
    showDueDate: false,
  }],
];

test("without Toss's deadline the hours count from Toss's issue, not from a try that was cut off", async (shop) => {
  await alignClocks(shop);
  shop.simulator.changeSettings({ accountExpiry: "never", showDueDate: false });
  const { orderId } = await placeOrder(shop);
  const endFault = plantOnce(shop, {
    kind: "lose_answer_before",
    method: "POST",
    path: "/v1/virtual-accounts",
  });
  await requestAccount(shop, { orderId, validHours: 1 });
  endFault();
  await advance(shop, 40 * MINUTE_SECONDS);
  await work(shop, "operations");
  await settleWebhooks(shop);
  const { status } = await requestAccount(shop, { orderId, validHours: 1 });
  assert.equal(status, 201);

  // Past the hour of the first try, within that of the account.
  await advance(shop, 30 * MINUTE_SECONDS);
  const again = await requestAccount(shop, { orderId, validHours: 1 });

  assert.equal(again.status, 201);
  assert.equal(await statusOf(shop, { orderId }), "waiting_for_deposit");
  await advance(shop, 31 * MINUTE_SECONDS);
  const late = await requestAccount(shop, { orderId, validHours: 1 });
  assert.equal(late.status, 410);
});

for (const [index, [what, settings]] of SHAPES.entries()) {
  test(`an order ends after its deadline and Toss's last word, also when Toss ${what}`, async (shop) => {
    const productId = `deadline-${index}`;
    const account = await awaitDeposit(shop, productId, settings);
    await pass(shop, 2 * HOUR_SECONDS);
    await pass(shop, 20 * MINUTE_SECONDS);
    assert.equal(await statusOf(shop, account), "waiting_for_deposit");

    await pass(shop, 20 * MINUTE_SECONDS);

    assert.equal(await statusOf(shop, account), "expired");
    assert.equal(await stockOf(shop, productId), 1);
    const told = await outboxEvents(shop, account.orderId);
    assert.deepEqual(told.map(({ type }) => type), ["virtual_account.expired"]);
    assert.equal(told[0]?.payload.paymentKey, account.paymentKey);
    assert.deepEqual(await deadlineAlerts(shop, account), []);

    await payIn(shop, account.paymentKey);
    assert.equal(await statusOf(shop, account), "paid");
    assert.equal(await stockOf(shop, productId), 0);
    assert.ok(
      (await auditEvents(shop, account.orderId)).includes("late_payment"),
    );
  });
}

test("the account shows the deadline that was asked for when Toss names none", async (shop) => {
  const { virtualAccount } = await awaitDeposit(shop, "undated", {
    showDueDate: false,
  });

  const hours = (Date.parse(virtualAccount.dueDate) - shop.simulator.now()) /
    (HOUR_SECONDS * 1000);
  assert.ok(hours > 1.9 && hours <= 2, String(hours));
});

test("a deposit in the last minute whose webhook is late is no late payment", async (shop) => {
  const account = await awaitDeposit(shop, "last-minute", {
    accountExpiry: "never",
  });
  await pass(shop, 2 * HOUR_SECONDS - MINUTE_SECONDS, MINUTE_SECONDS);
  shop.simulator.setWebhookUrls([]);
  await payIn(shop, account.paymentKey);

  await pass(shop, 40 * MINUTE_SECONDS);

  assert.equal(await statusOf(shop, account), "paid");
  assert.ok(
    !(await auditEvents(shop, account.orderId)).includes("late_payment"),
  );
});

for (
  const [what, fault] of [
    ["is silent", { kind: "lose_answer_after" }],
    ["knows no such payment", {
      kind: "status_before",
      code: "NOT_FOUND_PAYMENT",
    }],
    ["has a fault", {
      kind: "status_before",
      code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    }],
  ] as const
) {
  test(`while Toss ${what}, an order past its deadline waits for its word, and an alert says so`, async (shop) => {
    const account = await awaitDeposit(shop, `silent-${fault.kind}-${what}`);
    const { paymentKey } = account;
    await pass(shop, 2 * HOUR_SECONDS - 10 * MINUTE_SECONDS);
    shop.simulator.addFault({
      ...fault,
      method: "GET",
      paymentKey,
      count: "always",
    });
    await pass(shop, 100 * MINUTE_SECONDS);
    assert.equal(await statusOf(shop, account), "waiting_for_deposit");
    assert.deepEqual(await deadlineAlerts(shop, account), ["warning"]);

    const before = queriesSince(shop, 0).length;
    await pass(shop, 3 * DAY_SECONDS, HOUR_SECONDS);
    assert.equal(await statusOf(shop, account), "waiting_for_deposit");
    assert.deepEqual(await deadlineAlerts(shop, account), ["critical"]);
    const asked = queriesSince(shop, before)
      .filter((path) => path.endsWith(paymentKey)).length;
    assert.ok(asked > 0);

    shop.simulator.clearFaults();
    await pass(shop, 6 * HOUR_SECONDS, HOUR_SECONDS);
    assert.equal(await statusOf(shop, account), "expired");
    assert.deepEqual(await deadlineAlerts(shop, account), []);
  });
}

test("the questions end a week after the deadline", async (shop) => {
  const account = await awaitDeposit(shop, "asked-to-the-end", {
    accountExpiry: "never",
  });
  await pass(shop, 2 * HOUR_SECONDS + 7 * DAY_SECONDS, HOUR_SECONDS);
  assert.equal(await statusOf(shop, account), "expired");
  const position = shop.simulator.requests().length;

  await pass(shop, 3 * DAY_SECONDS, 6 * HOUR_SECONDS);

  const asked = queriesSince(shop, position)
    .filter((path) => path.endsWith(account.paymentKey));
  assert.ok(asked.length <= 1, `${asked.length} questions`);
});
