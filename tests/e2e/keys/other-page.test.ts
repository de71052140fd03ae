import assert from "node:assert/strict";
import { merchantsOf } from "../../../stack/toss.ts";
import {
  confirm,
  ONE_STICKER,
  type Order,
  payInWindow,
  placeOrder,
} from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import {
  assertKeysFit,
  keysOfOrder,
  THREE_PAIRS,
} from "../../support/key-pairs.ts";
import { shopTests } from "../../support/shop-test.ts";
import { confirmRequests } from "../../support/toss-side.ts";
import { withoutWebhooks } from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";

/** As in many contracts: the window and the widget are of one merchant id, billing is of another. */
const ONE_MERCHANT = merchantsOf(THREE_PAIRS).map((pair) => ({
  ...pair,
  merchantId: pair.merchantId === "tosssimwidget"
    ? "tosssimulator"
    : pair.merchantId ?? "tosssimulator",
}));

const CASES = [
  ["merchants of their own", {}],
  ["one merchant", { secretKeys: ONE_MERCHANT }],
] as const;
for (const [whose, simulator] of CASES) {
  const test = shopTests({
    environment: { ...THREE_PAIRS, TOSS_TIMEOUT_MS: "2000" },
    simulator,
  });

  /** A page that opens the window with a key of its own, whatever checkout answered. */
  const openedWith = (order: Order, clientKey: string): Order => ({
    ...order,
    clientKey,
  });

  test(`a page that mixes up the keys of ${whose} has its payment confirmed with the pair that made it`, async (shop) => {
    const order = await placeOrder(shop);
    const purchase = payInWindow(
      shop,
      openedWith(order, THREE_PAIRS.TOSS_CLIENT_KEY),
    );
    const answer = await confirm(shop, purchase);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(await keysOfOrder(shop, order.orderId), "main");
    const refund = await cancel(shop, { orderId: order.orderId });
    assert.equal(refund.status, 200, JSON.stringify(refund.body));
    // The first confirm came with the order's own pair, and Toss said no.
    const tries = confirmRequests(shop).length;
    await assertKeysFit(shop, shop.simulator.requests().length - 1);
    assert.ok(tries >= 2);
  });

  test(`while Toss does not tell of the other pairs of ${whose}, nothing is concluded`, async (shop) => {
    withoutWebhooks(shop);
    const order = await placeOrder(shop, { ...ONE_STICKER, ui: "window" });
    const purchase = payInWindow(
      shop,
      openedWith(order, THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY),
    );
    const path = `/v1/payments/${purchase.paymentKey}`;
    shop.simulator.addFault({
      kind: "lose_answer_before",
      method: "GET",
      path,
      count: "always",
    });
    assert.equal((await confirm(shop, purchase)).status, 202);
    shop.simulator.clearFaults();
    await advance(shop, 60);
    await work(shop, "operations");
    const answer = await confirm(shop, purchase);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(await keysOfOrder(shop, order.orderId), "widget");
  });

  test(`a payment that none of ${whose} knows is refused as ever`, async (shop) => {
    const order = await placeOrder(shop);
    const answer = await confirm(shop, {
      orderId: order.orderId,
      amount: order.amount,
      paymentKey: `never-made-${crypto.randomUUID()}`,
    });
    assert.equal(answer.body.tossCode, "NOT_FOUND_PAYMENT");
    assert.equal(await keysOfOrder(shop, order.orderId), "widget");
  });
}
