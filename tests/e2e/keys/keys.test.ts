import assert from "node:assert/strict";
import {
  addPlan,
  charge,
  prepare,
  registerCard,
  registerInWindow,
  subscribe,
} from "../../support/billing.ts";
import { justAfter } from "../../support/billing-rows.ts";
import {
  buy,
  checkout,
  confirm,
  ONE_STICKER,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel } from "../../support/cancel.ts";
import {
  issuedBy,
  orderByTransfer,
  payIn,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import {
  assertKeysFit,
  keysOfOrder,
  THREE_PAIRS,
} from "../../support/key-pairs.ts";
import { underVariables } from "../../support/other-variables.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss, refundAtToss } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";

const test = shopTests({
  environment: { ...THREE_PAIRS, TOSS_TIMEOUT_MS: "2000" },
});

test("one project sells through the widget and the window and charges subscriptions of another merchant id, each call with the right key", async (shop) => {
  // The widget: a payment, a refund of ours, and one in Toss's dashboard.
  const bought = await buy(shop);
  assert.equal(await keysOfOrder(shop, bought.orderId), "widget");
  await cancel(shop, { orderId: bought.orderId, cancelAmount: 1_000 });
  await cancelAtToss(shop, bought.paymentKey, 500);
  await settleWebhooks(shop);

  // The window, and an account by API.
  const order = await placeOrder(shop, { ...ONE_STICKER, ui: "window" });
  assert.equal(order.clientKey, THREE_PAIRS.TOSS_CLIENT_KEY);
  const purchase = payInWindow(shop, order);
  assert.equal((await confirm(shop, purchase)).status, 200);
  const account = await orderByTransfer(shop);
  await payIn(shop, account.paymentKey);
  await refundAtToss(shop, account.paymentKey, 1_000);
  const refunded = await cancel(shop, {
    orderId: account.orderId,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(refunded.status, 200, JSON.stringify(refunded.body));

  // Billing: the first period, the next one, its refund, and the key's end.
  const subscriber = await subscribe(shop);
  const { subscription, billingMethodId, user } = subscriber;
  const { paid } = await charge(shop, {
    subscriptionId: subscription.id,
    asOf: justAfter(subscription.currentPeriodEnd),
  });
  assert.equal(paid, 1);
  const charged = shop.simulator.books().filter(({ type, merchantId }) =>
    type === "BILLING" && merchantId === "tosssimbilling"
  );
  assert.equal(charged.length, 2);
  const { orderId = "", paymentKey = "" } = charged[0] ?? {};
  assert.equal(await keysOfOrder(shop, orderId), "billing");
  assert.equal((await cancel(shop, { orderId })).status, 200);
  await cancelAtToss(shop, charged[1]?.paymentKey ?? "");
  await settleWebhooks(shop);
  const gone = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    body: { billingMethodId },
    headers: buyerHeaders(shop, user.accessToken),
  });
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  assert.ok(paymentKey);

  // Webhooks of all three merchants came to the one address, and each was believed.
  const events = await shop.stack.sql<{ toss_keys: string; count: number }[]>`
    select o.toss_keys, count(*)::int as count from public.webhook_events as e
    join public.orders as o on o.id = e.order_id
    where e.status = 'processed'
    group by 1 order by 1`;
  assert.deepEqual(
    events.map(({ toss_keys }) => toss_keys),
    ["billing", "main", "widget"],
  );
  await assertKeysFit(shop);
});

test("checkout takes the widget's pair unless the window is asked for, and answers its clientKey", async (shop) => {
  const clientKeys = [
    THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
    THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
    THREE_PAIRS.TOSS_CLIENT_KEY,
  ];
  for (const [index, ui] of [undefined, "widget", "window"].entries()) {
    const order = await placeOrder(shop, { ...ONE_STICKER, ui });
    assert.equal(order.clientKey, clientKeys[index]);
    assert.equal(
      await keysOfOrder(shop, order.orderId),
      ui === "window" ? "main" : "widget",
    );
  }
  const refused = await checkout(shop, { ...ONE_STICKER, ui: "kiosk" });
  assert.deepEqual([refused.status, refused.body.code], [
    400,
    "invalid_request",
  ]);
});

test("a reference that is known keeps the pair of its order", async (shop) => {
  const body = {
    lines: [{ name: "책", unitPrice: 9_000, quantity: 1 }],
    reference: `ref-${crypto.randomUUID()}`,
  };
  const headers = { apikey: shop.stack.secretKey };
  const first = await callFunction(shop, "checkout", {
    body: { ...body, ui: "window" },
    headers,
  });
  const again = await callFunction(shop, "checkout", { body, headers });

  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.equal(first.body.clientKey, THREE_PAIRS.TOSS_CLIENT_KEY);
  assert.equal(again.body.clientKey, THREE_PAIRS.TOSS_CLIENT_KEY);
});

test("a virtual account moves an order to the main pair, until a payment has begun in the widget", async (shop) => {
  const { orderId } = await placeOrder(shop);
  assert.equal(await keysOfOrder(shop, orderId), "widget");
  const account = issuedBy(await requestAccount(shop, { orderId }));
  assert.equal(await keysOfOrder(shop, orderId), "main");
  await payIn(shop, account.paymentKey);

  const begun = await startPurchase(shop);
  shop.simulator.decline(begun.paymentKey, "REJECT_CARD_PAYMENT");
  assert.equal((await confirm(shop, begun)).status, 402);
  const { status, body } = await requestAccount(shop, {
    orderId: begun.orderId,
  });
  assert.deepEqual([status, body.code], [409, "operation_in_progress"]);
  assert.equal(await keysOfOrder(shop, begun.orderId), "widget");
  await assertKeysFit(shop);
});

test("what Toss never answered is asked about with the pair of its order, by the worker too", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  const path = "/v1/payments/confirm";
  shop.simulator.addFault({ kind: "lose_answer_after", path, count: "always" });
  assert.equal((await confirm(shop, purchase)).status, 202);
  shop.simulator.clearFaults();
  const from = shop.simulator.requests().length;
  await advance(shop, 60);
  await work(shop, "operations");

  const asked = shop.simulator.requests().slice(from);
  assert.ok(asked.length > 0);
  for (const { clientKey } of asked) {
    assert.equal(clientKey, THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY);
  }
  const again = await confirm(shop, purchase);
  assert.equal(again.status, 200, JSON.stringify(again.body));
});

test("a card that was registered before the billing pair came goes on with its own", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const subscriber = await underVariables(
    shop,
    WITHOUT_BILLING,
    (before) => subscribe(before, { user, planId }),
  );
  assert.equal(
    await keysOfMethod(shop, subscriber.billingMethodId),
    "main",
  );
  const { body } = await prepare(shop, user);
  assert.equal(body.clientKey, THREE_PAIRS.TOSS_BILLING_CLIENT_KEY);
  const other = await registerCard(shop, user);
  assert.equal(await keysOfMethod(shop, other.billingMethodId), "billing");

  const { subscription } = subscriber;
  const from = shop.simulator.requests().length;
  const { paid } = await charge(shop, {
    subscriptionId: subscription.id,
    asOf: justAfter(subscription.currentPeriodEnd),
  });
  assert.equal(paid, 1);
  const [charged] = shop.simulator.requests().slice(from);
  assert.equal(charged?.clientKey, THREE_PAIRS.TOSS_CLIENT_KEY);
  await assertKeysFit(shop);
});

test("a card whose window was open while the billing pair came is registered with the pair of the window", async (shop) => {
  const user = await signUp(shop);
  const { redirectUrl } = await underVariables(
    shop,
    WITHOUT_BILLING,
    (before) => registerInWindow(before, user),
  );
  const answer = await fetch(redirectUrl, { redirect: "manual" });
  await answer.body?.cancel();
  const page = new URL(answer.headers.get("location") ?? "");
  assert.equal(page.searchParams.get("status"), "issued", page.href);
  const billingMethodId = page.searchParams.get("billingMethodId") ?? "";
  assert.equal(await keysOfMethod(shop, billingMethodId), "main");
  await assertKeysFit(shop);
});

/** The project before it had a billing contract of its own. */
const WITHOUT_BILLING = {
  TOSS_BILLING_SECRET_KEY: "",
  TOSS_BILLING_CLIENT_KEY: "",
};

async function keysOfMethod({ stack }: Shop, billingMethodId: string) {
  const [row] = await stack.sql<{ toss_keys: string }[]>`
    select toss_keys from public.billing_methods where id = ${billingMethodId}`;
  return row?.toss_keys;
}
