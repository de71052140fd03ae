import assert from "node:assert/strict";
import { buy, placeOrder } from "../../support/buy.ts";
import { cancel, cancelRequests, newRequestId } from "../../support/cancel.ts";
import { orderRow } from "../../support/database.ts";
import {
  orderByTransfer,
  paidByTransfer,
  REFUND_ACCOUNT,
} from "../../support/issue-account.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";

const test = shopTests();

test("a user gives up an own order that waits for its deposit, and learns the same again", async (shop) => {
  const user = await signUp(shop);
  const { orderId } = await orderByTransfer(shop, undefined, user.accessToken);
  const headers = buyerHeaders(shop, user.accessToken);
  const body = { orderId, requestId: newRequestId() };

  const first = await cancel(shop, body, headers);
  const again = await cancel(shop, body, headers);

  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.equal(first.body.status, "canceled");
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.equal((await orderRow(shop, orderId)).status, "canceled");
  const [line] = await shop.stack.sql`
    select detail ->> 'requestedBy' as who from public.payment_events
    where order_id = ${orderId} and event = 'operation_finished' and to_status = 'succeeded'
      and detail ? 'requestedBy'`;
  assert.equal(line?.who, user.id);
});

test("a user may cancel nothing else: every other order and payment is forbidden", async (shop) => {
  const [user, other] = [await signUp(shop), await signUp(shop)];
  const own = user.accessToken;
  const theirs = other.accessToken;
  const cart = undefined;
  const paid = await buy(shop, cart, own);
  const deposited = await paidByTransfer(shop, cart, own);
  const pending = await placeOrder(shop, cart, own);
  const othersWaiting = await orderByTransfer(shop, cart, theirs);
  const guests = await orderByTransfer(shop);
  const before = cancelRequests(shop).length;
  const refused: Record<string, Record<string, unknown>> = {
    "an own paid order": { orderId: paid.orderId },
    "an own payment": { paymentKey: paid.paymentKey },
    "a part of it": { orderId: paid.orderId, cancelAmount: 1 },
    "an own deposit": {
      orderId: deposited.orderId,
      refundReceiveAccount: REFUND_ACCOUNT,
    },
    "an own order without payment": { orderId: pending.orderId },
    "another user's order": { orderId: othersWaiting.orderId },
    "another user's payment": { paymentKey: othersWaiting.paymentKey },
    "a guest's order": { orderId: guests.orderId },
    "an order that does not exist": { orderId: "ord_that_does_not_exist" },
    "a payment that does not exist": { paymentKey: "no-such-payment" },
  };
  const answers = new Set<string>();
  for (const [what, body] of Object.entries(refused)) {
    const headers = buyerHeaders(shop, own);
    const { status, body: answer } = await cancel(shop, body, headers);
    assert.equal(status, 403, what);
    assert.equal(answer.code, "forbidden", what);
    answers.add(String(answer.message));
  }
  assert.equal(answers.size, 1, "the answer does not tell what exists");
  assert.equal(cancelRequests(shop).length, before);
});

test("an operator's requestId tells a user nothing, nor the other way round", async (shop) => {
  const user = await signUp(shop);
  const headers = buyerHeaders(shop, user.accessToken);
  const own = await orderByTransfer(shop, undefined, user.accessToken);
  const body = { orderId: own.orderId, requestId: newRequestId() };
  assert.equal((await cancel(shop, body)).status, 200);

  const asUser = await cancel(shop, body, headers);

  assert.equal(asUser.status, 400);
  assert.match(JSON.stringify(asUser.body.details), /requestId/);
});

test("without a secret key or a user's token nobody cancels anything", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  const { publishableKey, secretKey, cronSecret } = shop.stack;
  const user = await signUp(shop);
  const wrong: Record<string, string>[] = [
    {},
    { apikey: publishableKey },
    { apikey: `${secretKey}x` },
    { authorization: `Bearer ${secretKey}` },
    { authorization: `Bearer ${cronSecret}` },
    { apikey: publishableKey, authorization: `Bearer ${user.accessToken}x` },
  ];
  for (const headers of wrong) {
    for (const body of [{ orderId }, { paymentKey }]) {
      const { status, body: answer } = await cancel(shop, body, headers);
      assert.equal(status, 401, JSON.stringify(headers));
      assert.equal(answer.code, "unauthorized");
    }
  }
  assert.equal((await orderRow(shop, orderId)).status, "paid");
});
