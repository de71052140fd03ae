import assert from "node:assert/strict";
import { buy, placeOrder } from "../../support/buy.ts";
import {
  cancel,
  cancelOperations,
  cancelRequests,
  outboxEvents,
} from "../../support/cancel.ts";
import { addProduct, orderRow, stockOf } from "../../support/database.ts";
import {
  issuedBy,
  orderByTransfer,
  paidByTransfer,
  payIn,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss, refundAtToss } from "../../support/toss-side.ts";
import { signUp } from "../../../stack/users.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";

const test = shopTests();

const DAY_SECONDS = 86_400;

async function secretRows({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from toss_private.operation_secrets`;
  return row?.count ?? -1;
}

async function refundAlerts({ stack }: Shop, paymentKey: string) {
  const rows = await stack.sql<{ alert: string }[]>`
    select alert from public.alerts where subject = ${paymentKey}`;
  return rows.map(({ alert }) => alert);
}

test("cancel() gives up an order that waits for its deposit, and returns its stock", async (shop) => {
  await addProduct(shop, "given-up", 5);
  const items = [{ productId: "given-up", quantity: 2 }];
  const { orderId, paymentKey, amount } = await orderByTransfer(shop, {
    items,
  });

  const { status, body } = await cancel(shop, { orderId });

  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.status, "canceled");
  assert.equal(body.canceledAmount, amount);
  assert.equal(body.balanceAmount, 0);
  assert.equal((await orderRow(shop, orderId)).status, "canceled");
  assert.equal(await stockOf(shop, "given-up"), 5);
  assert.equal(bookOf(shop, paymentKey).status, "CANCELED");
  await settleWebhooks(shop);
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(told.map(({ type }) => type), ["payment.canceled"]);
  assert.equal((await requestAccount(shop, { orderId })).status, 410);
});

test("before the deposit there is no partial cancel, and no refund account", async (shop) => {
  const { orderId, amount } = await orderByTransfer(shop);
  const before = cancelRequests(shop).length;
  const wrong: [string, Record<string, unknown>][] = [
    ["cancelAmount", { cancelAmount: amount - 1 }],
    ["refundReceiveAccount", { refundReceiveAccount: REFUND_ACCOUNT }],
  ];

  for (const [field, change] of wrong) {
    const { status, body } = await cancel(shop, { orderId, ...change });
    assert.equal(status, 400);
    assert.equal(body.code, "invalid_request");
    const [detail] = body.details as { field: string }[];
    assert.equal(detail?.field, field);
  }
  assert.equal(cancelRequests(shop).length, before);
  const whole = await cancel(shop, { orderId, cancelAmount: amount });
  assert.equal(whole.status, 200);
});

test("after the deposit a refund needs an account, asked for before Toss is", async (shop) => {
  const { orderId, paymentKey } = await paidByTransfer(shop);
  const before = cancelRequests(shop).length;

  for (const body of [{ orderId }, { paymentKey, cancelAmount: 100 }]) {
    const { status, body: answer } = await cancel(shop, body);
    assert.equal(status, 422);
    assert.equal(answer.code, "refund_account_required");
    assert.equal(answer.action, "fix_input");
    assert.match(String(answer.userMessage), /계좌/);
  }

  assert.equal(cancelRequests(shop).length, before);
  assert.deepEqual(await cancelOperations(shop, paymentKey), []);
});

test("a deposit is given back to the account in parts, and the account is kept nowhere", async (shop) => {
  const { orderId, paymentKey } = await paidByTransfer(shop);
  const refundReceiveAccount = REFUND_ACCOUNT;

  const part = await cancel(shop, {
    orderId,
    cancelAmount: 1000,
    refundReceiveAccount,
  });
  assert.equal(part.body.status, "partially_refunded");
  const rest = await cancel(shop, { orderId, refundReceiveAccount });

  assert.equal(rest.body.status, "refunded", JSON.stringify(rest.body));
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  const { virtualAccount } = bookOf(shop, paymentKey);
  assert.deepEqual(virtualAccount?.refundReceiveAccount, {
    bankCode: "88",
    accountNumber: REFUND_ACCOUNT.accountNumber,
    holderName: REFUND_ACCOUNT.holderName,
  });
  assert.equal(await secretRows(shop), 0);
});

test("a card payment takes no refund account", async (shop) => {
  const { paymentKey } = await buy(shop);

  const { status, body } = await cancel(shop, {
    paymentKey,
    refundReceiveAccount: REFUND_ACCOUNT,
  });

  assert.equal(status, 400);
  assert.match(JSON.stringify(body.details), /refundReceiveAccount/);
});

test("a deposit that nobody told us of asks for an account instead of failing", async (shop) => {
  withoutWebhooks(shop);
  const { orderId, paymentKey } = await orderByTransfer(shop);
  await payIn(shop, paymentKey);

  const { status, body } = await cancel(shop, { orderId });

  assert.equal(status, 422, JSON.stringify(body));
  assert.equal(body.code, "refund_account_required");
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  const again = await cancel(shop, {
    orderId,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(again.body.status, "refunded");
});

test("a refund at Toss of a deposit has the same effects", async (shop) => {
  const user = await signUp(shop);
  const { orderId, paymentKey } = await paidByTransfer(
    shop,
    { planId: "basic" },
    user.accessToken,
  );

  await refundAtToss(shop, paymentKey, 900);
  await refundAtToss(shop, paymentKey);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  const { data } = await user.client.from("user_plans").select("status");
  assert.deepEqual(data, [{ status: "canceled" }]);
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(
    told.map(({ type, payload }) => [type, payload.requestedBy ?? null]),
    [["payment.partially_refunded", null], ["payment.refunded", null]],
  );
});

test("a transfer that fails after the refund is found by the worker and raises an alert", async (shop) => {
  const { orderId, paymentKey } = await paidByTransfer(shop);
  await cancel(shop, { orderId, refundReceiveAccount: REFUND_ACCOUNT });
  assert.deepEqual(await refundAlerts(shop, paymentKey), []);
  assert.equal(
    shop.simulator.endRefund(paymentKey, "FAILED").kind,
    "done",
  );

  await advance(shop, DAY_SECONDS + 60);
  await work(shop, "expiry");

  assert.deepEqual(await refundAlerts(shop, paymentKey), [
    "refund_account_failed",
  ]);
});

test("a deposit that a bank took back and an account that was then given up leave no access, also when both were not told", async (shop) => {
  const user = await signUp(shop);
  const { orderId, paymentKey } = await paidByTransfer(
    shop,
    { planId: "basic" },
    user.accessToken,
  );
  withoutWebhooks(shop);
  assert.equal(shop.simulator.reverseDeposit(paymentKey).kind, "done");
  await cancelAtToss(shop, paymentKey);
  assert.equal((await orderRow(shop, orderId)).status, "paid");

  await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, orderId)).status, "canceled");
  const { data } = await user.client.from("user_plans").select("status");
  assert.deepEqual(data, [{ status: "canceled" }]);
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(
    told.map(({ type, payload }) => [type, payload.orderStatus]),
    [["payment.canceled", "canceled"]],
  );
});

test("an account that was given up takes no deposit for an order that is over", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const { paymentKey } = issuedBy(await requestAccount(shop, { orderId }));
  await cancel(shop, { orderId });

  assert.equal(shop.simulator.deposit(paymentKey).kind, "wrong_state");
});
