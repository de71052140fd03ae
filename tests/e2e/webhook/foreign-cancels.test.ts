import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { addProduct, orderRow, stockOf } from "../../support/database.ts";
import {
  beginCancel,
  cancelAtTossIs,
  cancelStatus,
  reportPayment,
} from "../../support/foreign-cancel.ts";
import { shopTests } from "../../support/shop-test.ts";
import { fixture } from "../../support/webhook-scenes/scene.ts";
import { deliverWebhook, settleWebhooks } from "../../support/webhooks.ts";

// The simulator's books know no cancels that take their time.
const test = shopTests({}, assertInvariantsHold);

for (const [share, cancelAmount] of [["part", 1000], ["all", 3000]] as const) {
  test(`an aborted cancel of ${share} of a payment gives the shop its money and its customer the goods back`, async (shop) => {
    const productId = `foreign-${share}`;
    await addProduct(shop, productId, 10);
    const items = [{ productId, quantity: 3 }];
    const cancel = await beginCancel(shop, { body: { items }, cancelAmount });
    await reportPayment(shop, cancel);
    const { status } = await orderRow(shop, cancel.orderId);
    assert.equal(status, share === "all" ? "refunded" : "partially_refunded");

    cancelAtTossIs(shop, cancel, "ABORTED");
    await deliverWebhook(
      shop,
      fixture("CANCEL_STATUS_CHANGED", {
        TRANSACTION_KEY: cancel.transactionKey,
      }),
    );
    await settleWebhooks(shop);

    assert.equal(await cancelStatus(shop, cancel), "ABORTED");
    assert.equal((await orderRow(shop, cancel.orderId)).status, "paid");
    const [payment] = await shop.stack.sql`
      select balance_amount::int as balance, canceled_at from public.payments
      where payment_key = ${cancel.paymentKey}`;
    assert.deepEqual(payment, { balance: 3000, canceled_at: null });
    assert.equal(await stockOf(shop, productId), 7);
  });
}
