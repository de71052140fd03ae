import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import {
  beginCancel,
  cancelAtTossIs,
  reportPayment,
} from "../../support/foreign-cancel.ts";
import { shopTests } from "../../support/shop-test.ts";
import { fixture } from "../../support/webhook-scenes/scene.ts";
import { deliverWebhook, settleWebhooks } from "../../support/webhooks.ts";
import { decide, withdrawalRow } from "../../support/withdrawals.ts";

// The simulator's books know no cancels that take their time.
const test = shopTests({}, assertInvariantsHold);

test("a refund that closed a withdrawal and was then aborted opens it again", async (shop) => {
  const cancel = await beginCancel(shop);
  const { orderId } = cancel;
  const { body } = await decide(shop, {
    orderId,
    reason: "반품",
    requestId: "aborted",
  });
  const withdrawalId = String(body.withdrawalId);
  await reportPayment(shop, cancel);
  assert.equal((await withdrawalRow(shop, withdrawalId))?.status, "accepted");

  cancelAtTossIs(shop, cancel, "ABORTED");
  await deliverWebhook(
    shop,
    fixture("CANCEL_STATUS_CHANGED", {
      TRANSACTION_KEY: cancel.transactionKey,
    }),
  );
  await settleWebhooks(shop);

  const row = await withdrawalRow(shop, withdrawalId);
  assert.deepEqual([row?.status, row?.is_decided], ["requested", false]);
  const lines = await shop.stack.sql`
    select event from public.payment_events
    where order_id = ${orderId} and event like 'withdrawal_%' order by id`;
  assert.deepEqual(lines.map(({ event }) => event), [
    "withdrawal_requested",
    "withdrawal_decided",
    "withdrawal_reopened",
  ]);
  assert.equal(
    (await decide(shop, { withdrawalId, action: "refuse" })).status,
    200,
  );
});
