import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { buy, confirm, startPurchase } from "../../support/buy.ts";
import { cancel, ledger } from "../../support/cancel.ts";
import {
  orderRow,
  paymentStatus,
  webhookRows,
} from "../../support/database.ts";
import {
  orderByTransfer,
  paidByTransfer,
  REFUND_ACCOUNT,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";
import { API_VERSIONS } from "../../../simulator/payments/api-version.ts";

// In version 1.4 Toss tells no keys of cancels, which the comparison of the two books goes by.
const test = shopTests({}, assertInvariantsHold);

async function seenVersions({ stack }: Shop): Promise<string[]> {
  const rows = await stack.sql<{ version: string }[]>`
    select version from toss_private.toss_api_versions`;
  return rows.map(({ version }) => version);
}

async function amountsOf({ stack }: Shop, paymentKey: string) {
  const rows = await stack.sql<{ key: string; amount: number }[]>`
    select transaction_key as key, amount::int from public.payment_cancels
    where payment_key = ${paymentKey} order by canceled_at, created_at, transaction_key`;
  return [...rows];
}

for (const apiVersion of API_VERSIONS) {
  test(`a card payment and its refunds, ours and Toss's, are recorded in version ${apiVersion}`, async (shop) => {
    shop.simulator.changeSettings({ apiVersion });
    const purchase = await buy(shop);
    const { orderId } = purchase;
    const answer = await cancel(shop, { orderId, cancelAmount: 1000 });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    await cancelAtToss(shop, purchase.paymentKey, 1000);
    await cancelAtToss(shop, purchase.paymentKey);
    await settleWebhooks(shop);

    const amounts = (await amountsOf(shop, purchase.paymentKey))
      .map(({ amount }) => amount);
    assert.deepEqual(amounts, [1000, 1000, 1000]);
    assert.equal((await orderRow(shop, orderId)).status, "refunded");
    assert.ok((await seenVersions(shop)).includes(apiVersion));
    const keys = (await amountsOf(shop, purchase.paymentKey))
      .map(({ key }) => key);
    const { cancels } = bookOf(shop, purchase.paymentKey);
    assert.equal(
      cancels.every(({ transactionKey }) => keys.includes(transactionKey)),
      apiVersion !== "1.4",
    );
  });

  test(`a deposit and its refund are recorded in version ${apiVersion}`, async (shop) => {
    shop.simulator.changeSettings({ apiVersion });
    const account = await paidByTransfer(shop);
    assert.equal(account.virtualAccount.bankCode, "20");
    assert.equal((await orderRow(shop, account.orderId)).status, "paid");
    const answer = await cancel(shop, {
      orderId: account.orderId,
      refundReceiveAccount: REFUND_ACCOUNT,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal((await orderRow(shop, account.orderId)).status, "refunded");
  });
}

test("a shop whose version changes between two readings has every cancel once", async (shop) => {
  shop.simulator.changeSettings({ apiVersion: "1.4" });
  const { paymentKey, orderId } = await buy(shop);
  await cancelAtToss(shop, paymentKey, 1000);
  await settleWebhooks(shop);
  const [first] = await amountsOf(shop, paymentKey);
  assert.match(first?.key ?? "", /^place-1-[0-9a-f]{40}$/);

  for (const apiVersion of ["2022-11-16", "1.4", "2024-06-01"] as const) {
    shop.simulator.changeSettings({ apiVersion });
    await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
    await settleWebhooks(shop);
    assert.deepEqual(await amountsOf(shop, paymentKey), [first], apiVersion);
  }
  await cancelAtToss(shop, paymentKey, 1000);
  await settleWebhooks(shop);
  shop.simulator.changeSettings({ apiVersion: "1.4" });
  await cancelAtToss(shop, paymentKey, 1000);
  await settleWebhooks(shop);
  const rows = await amountsOf(shop, paymentKey);
  assert.deepEqual(rows.map(({ amount }) => amount), [1000, 1000, 1000]);
  assert.deepEqual(rows[0], first);
});

test("in version 1.4 a deposit that the bank takes back ends the payment, and the order is given up", async (shop) => {
  const account = await paidByTransfer(shop);
  shop.simulator.changeSettings({ apiVersion: "1.4" });
  shop.simulator.reverseDeposit(account.paymentKey);
  await settleWebhooks(shop);
  assert.equal(await paymentStatus(shop, account.paymentKey), "CANCELED");
  assert.equal((await orderRow(shop, account.orderId)).status, "canceled");
  assert.deepEqual(await ledger(shop, account.paymentKey), []);
});

test("a deposit notice of version 1.4, which has no transactionKey, is one", async (shop) => {
  shop.simulator.changeSettings({ apiVersion: "1.4" });
  const eventType = "PAYMENT_STATUS_CHANGED";
  shop.simulator.addWebhookKnob({ kind: "drop", eventType, count: "always" });
  const account = await orderByTransfer(shop);
  shop.simulator.deposit(account.paymentKey);
  await settleWebhooks(shop);
  assert.equal((await orderRow(shop, account.orderId)).status, "paid");
  const rows = await webhookRows(shop, account.orderId);
  assert.deepEqual(rows.map(({ verified_by }) => verified_by), [
    "deposit-secret",
    "deposit-secret",
  ]);
});

test("a confirm is answered at once whatever stands in easyPay", async (shop) => {
  const purchase = await startPurchase(shop);
  const value = "토스결제";
  shop.simulator.addFault({ kind: "odd_field", field: "easyPay", value });
  const answer = await confirm(shop, purchase);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
});
