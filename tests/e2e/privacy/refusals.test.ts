import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { subscribe } from "../../support/billing.ts";
import {
  buy,
  confirm,
  ONE_STICKER,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { orderByTransfer, payIn } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { decide, requested } from "../../support/withdrawals.ts";

import { withoutWebhooks } from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests();

/** Why a user cannot be erased now; `[]` = was erased. */
async function matters({ stack }: Shop, userId: string): Promise<string[]> {
  const answer = await callSql(stack.sql, "erase_person", {
    userId,
    isConfirmed: true,
  });
  assert.equal(
    answer.outcome,
    (answer.matters as unknown[]).length === 0 ? "erased" : "refused",
  );
  return (answer.matters as { matter: string }[])
    .map(({ matter }) => matter).sort();
}

async function isNamed({ stack }: Shop, userId: string): Promise<boolean> {
  const rows = await stack.sql`
    select 1 from public.orders where user_id = ${userId} and erased_at is null`;
  return rows.length > 0;
}

test("nobody is erased while a subscription lives; once it has ended, the card goes at Toss too", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  assert.deepEqual(await matters(shop, user.id), ["subscription_lives"]);
  assert.ok(await isNamed(shop, user.id));
  const { status } = await callFunction(shop, "subscription", {
    body: { subscriptionId: subscription.id, action: "cancel_now" },
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(status, 200);
  assert.deepEqual(await matters(shop, user.id), []);
  await work(shop, "operations");
  const [card] = await shop.stack.sql`
    select m.status, m.card_number_masked, k.ciphertext, op.state
    from public.billing_methods as m
    join toss_private.billing_keys as k on k.billing_method_id = m.id
    join public.operations as op on op.billing_method_id = m.id
    where m.user_id = ${user.id}`;
  assert.deepEqual({ ...card }, {
    status: "deleted",
    card_number_masked: null,
    ciphertext: null,
    state: "succeeded",
  });
});

test("nobody is erased while a deposit is awaited", async (shop) => {
  const { id, accessToken } = await signUp(shop);
  const { paymentKey } = await orderByTransfer(shop, undefined, accessToken);
  assert.deepEqual(await matters(shop, id), ["deposit_awaited"]);
  await payIn(shop, paymentKey);
  assert.deepEqual(await matters(shop, id), []);
});

test("nobody is erased while Toss has not said how a payment ended", async (shop) => {
  const { id, accessToken } = await signUp(shop);
  const purchase = await startPurchase(shop, ONE_STICKER, accessToken);
  withoutWebhooks(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "PROVIDER_ERROR",
    method: "POST",
    path: "/v1/payments/confirm",
  });
  assert.equal((await confirm(shop, purchase)).status, 202);
  assert.deepEqual(await matters(shop, id), ["operation_open"]);
  await advance(shop, 120);
  await work(shop, "operations");
  assert.deepEqual(await matters(shop, id), []);
});

test("nobody is erased while a withdrawal waits for its decision", async (shop) => {
  const { id, accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, ONE_STICKER, accessToken);
  const withdrawalId = await requested(shop, orderId, accessToken);
  assert.deepEqual(await matters(shop, id), ["withdrawal_undecided"]);
  assert.equal(
    (await decide(shop, { withdrawalId, action: "accept" })).status,
    200,
  );
  assert.deepEqual(await matters(shop, id), []);
});

test("an order that nobody has begun to pay keeps nobody", async (shop) => {
  const { id, accessToken } = await signUp(shop);
  const { orderId } = await placeOrder(shop, ONE_STICKER, accessToken);
  assert.deepEqual(await matters(shop, id), []);
  const [order] = await shop.stack.sql`
    select status, order_name from public.orders where id = ${orderId}`;
  assert.deepEqual({ ...order }, { status: "pending", order_name: "[erased]" });
});

test("a webhook that is stored while its order is erased leaves nothing, whichever is first", async (shop) => {
  const { sql } = shop.stack;
  const { id, accessToken } = await signUp(shop);
  const { orderId, paymentKey } = await buy(shop, ONE_STICKER, accessToken);
  const deliver = (name: string) => ({
    dedupeKey: `race-${name}-${orderId}`,
    eventType: "PAYMENT_STATUS_CHANGED",
    orderId,
    paymentKey,
    payload: { data: { customerName: "Mrkr" } },
    keyId: "k0",
    ciphertext: btoa("a body"),
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 0,
  });
  const stored = Promise.withResolvers<void>();
  const first = sql.begin(async (transaction) => {
    await callSql(transaction, "receive_webhook_event", deliver("first"));
    await transaction`
      update public.webhook_events
      set status = 'processed', processed_at = now(), lease_token = null, lease_expires_at = null
      where order_id = ${orderId}`;
    stored.resolve();
    // Meanwhile the erasure comes to its lock.
    await transaction`select pg_sleep(0.3)`;
  });
  await stored.promise;
  const late = Promise.withResolvers<unknown>();
  await sql.begin(async (transaction) => {
    const answer = await callSql(transaction, "erase_person", {
      userId: id,
      isConfirmed: true,
    });
    assert.equal(answer.outcome, "erased", JSON.stringify(answer));
    callSql(sql, "receive_webhook_event", deliver("late"))
      .then(late.resolve, late.reject);
    await transaction`select pg_sleep(0.3)`;
  });
  await Promise.all([first, late.promise]);
  const rows = await sql`
    select e.payload, b.ciphertext from public.webhook_events as e
    join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
    where e.order_id = ${orderId} and e.dedupe_key like 'race-%'`;
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    Array(2).fill({ payload: { erased: true }, ciphertext: null }),
  );
});
