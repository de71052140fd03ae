import assert from "node:assert/strict";
import fc from "fast-check";
import { buy, confirm, placeOrder, startPurchase } from "../../support/buy.ts";
import { registerCard, subscribe } from "../../support/billing.ts";
import { cancel, ledger } from "../../support/cancel.ts";
import {
  operationRows,
  orderRow,
  webhookRows,
} from "../../support/database.ts";
import {
  accountsAtToss,
  orderByTransfer,
  payIn,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import {
  ACCOUNT_FIELDS,
  BILLING_FIELDS,
  CANCEL_FIELDS,
  type OddField,
  oddField,
  SIDE_FIELDS,
} from "../../support/odd-values.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

/** From now on every answer of Toss has this in it. */
function letTossAnswer({ simulator }: Shop, odd: OddField): void {
  simulator.clearFaults();
  simulator.addFault({ kind: "odd_field", count: "always", ...odd });
}

/** Tries some of the odd fields on a shop; the property test about the database tries many more. */
async function forOddFields(
  fields: readonly string[],
  body: (odd: OddField) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(oddField(fields), body), { numRuns: 8 });
}

test("confirm answers 200 at once, whatever stands in a side field", async (shop) => {
  await forOddFields(SIDE_FIELDS, async (odd) => {
    letTossAnswer(shop, odd);
    const purchase = await startPurchase(shop);
    const answer = await confirm(shop, purchase);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    await settleWebhooks(shop);
    assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
    const rows = await webhookRows(shop, purchase.orderId);
    assert.ok(rows.every(({ status }) => status === "processed"));
  });
});

test("a refund is made once and recorded, whatever stands in a side field or in its entry", async (shop) => {
  const fields = [...SIDE_FIELDS, ...CANCEL_FIELDS]
    .filter((field) => field !== "cancels[].transactionKey");
  await forOddFields(fields, async (odd) => {
    const { paymentKey, orderId } = await buy(shop);
    letTossAnswer(shop, odd);
    for (const cancelAmount of [1000, 1000]) {
      const answer = await cancel(shop, { orderId, cancelAmount });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }
    await settleWebhooks(shop);
    assert.equal((await ledger(shop, paymentKey)).length, 2);
    shop.simulator.clearFaults();
  });
});

test("an account is issued once, paid and refunded, whatever stands in it", async (shop) => {
  const fields = [...SIDE_FIELDS, ...ACCOUNT_FIELDS]
    // The buyer's answer shows them, which the next test is about.
    .filter((field) => !/^virtualAccount(\.|$)/.test(field));
  await forOddFields(fields, async (odd) => {
    letTossAnswer(shop, odd);
    const { orderId, paymentKey } = await orderByTransfer(shop);
    await payIn(shop, paymentKey);
    assert.equal((await orderRow(shop, orderId)).status, "paid");
    const refundReceiveAccount = REFUND_ACCOUNT;
    const answer = await cancel(shop, { orderId, refundReceiveAccount });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    shop.simulator.clearFaults();
  });
});

for (const fields of [["virtualAccount"], ACCOUNT_FIELDS]) {
  test(`an account whose ${fields[0]}… cannot be read is no second one, and its deposit pays the order`, async (shop) => {
    await forOddFields(fields, async (odd) => {
      const { orderId, amount, orderName } = await placeOrder(shop);
      letTossAnswer(shop, odd);
      const { paymentKey } = shop.simulator.createPayment({
        orderId,
        amount,
        orderName,
        method: "가상계좌",
      });
      const answer = await confirm(shop, { paymentKey, orderId, amount });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.equal(answer.body.status, "waiting_for_deposit");
      await payIn(shop, paymentKey);
      assert.equal((await orderRow(shop, orderId)).status, "paid");
    });
  });
}

test("an issue whose account can never be read ends, and its deposit pays the order", async (shop) => {
  await forOddFields(["virtualAccount", ...ACCOUNT_FIELDS], async (odd) => {
    letTossAnswer(shop, odd);
    const { orderId } = await placeOrder(shop);
    const { status } = await requestAccount(shop, { orderId });
    assert.ok(status === 201 || status === 202, `${status}`);
    const [operation] = await operationRows(shop, orderId);
    assert.equal(operation?.state, "succeeded");
    const [account, ...others] = accountsAtToss(shop, orderId);
    assert.ok(account);
    assert.deepEqual(others, []);
    await payIn(shop, account.paymentKey);
    assert.equal((await orderRow(shop, orderId)).status, "paid");
  });
});

test("a deposit pays the order although Toss's answers show no secret to compare with", async (shop) => {
  shop.simulator.addFault({
    kind: "odd_field",
    field: "secret",
    value: { no: "text" },
    count: "always",
  });
  shop.simulator.addWebhookKnob({
    kind: "drop",
    eventType: "PAYMENT_STATUS_CHANGED",
    count: "always",
  });
  const { orderId, paymentKey } = await orderByTransfer(shop);
  await payIn(shop, paymentKey);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  const last = (await webhookRows(shop, orderId)).at(-1);
  assert.deepEqual([last?.status, last?.verified_by], [
    "processed",
    "re-query",
  ]);
});

test("a card is registered whatever stands beside its keys", async (shop) => {
  await forOddFields(BILLING_FIELDS, async (odd) => {
    letTossAnswer(shop, odd);
    await registerCard(shop, await signUp(shop));
    shop.simulator.clearFaults();
  });
});

test("a charge is paid whatever stands in a side field", async (shop) => {
  withoutWebhooks(shop);
  await forOddFields(SIDE_FIELDS, async (odd) => {
    shop.simulator.clearFaults();
    shop.simulator.addFault({
      kind: "odd_field",
      pathPattern: "^/v1/billing/[^/]+$",
      count: "always",
      ...odd,
    });
    const { subscription } = await subscribe(shop);
    assert.equal(subscription.status, "active");
  });
});
