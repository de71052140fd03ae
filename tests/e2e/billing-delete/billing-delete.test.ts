import assert from "node:assert/strict";
import { charge, registerCard, subscribe } from "../../support/billing.ts";
import {
  chargeRows,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp, type User } from "../../../stack/users.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

function remove(shop: Shop, user: User, billingMethodId: string) {
  return callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: buyerHeaders(shop, user.accessToken),
    body: { billingMethodId },
  });
}

/** What is left of a method's key: here, and at Toss. */
async function keyOf({ stack, simulator }: Shop, billingMethodId: string) {
  const [row] = await stack.sql<
    { key_digest: string; ciphertext: string | null }[]
  >`
    select key_digest, ciphertext from toss_private.billing_keys
    where billing_method_id = ${billingMethodId}`;
  assert.ok(row);
  const book = simulator.billingKeys()
    .find(({ keyDigest }) => keyDigest === row.key_digest);
  assert.ok(book);
  return { here: row.ciphertext !== null, atToss: book.deletedAt === null };
}

test("a deleted billing method is gone here and at Toss, and a repeat says the same", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);

  const first = await remove(shop, user, billingMethodId);
  const second = await remove(shop, user, billingMethodId);

  for (const { status, body } of [first, second]) {
    assert.equal(status, 200);
    assert.deepEqual(body, { billingMethodId, status: "deleted" });
  }
  assert.deepEqual(await keyOf(shop, billingMethodId), {
    here: false,
    atToss: false,
  });
  const { data } = await user.client.from("billing_methods").select();
  assert.deepEqual(data?.map(({ status }) => status), ["deleted"]);
  const events = await outboxTypes(shop, billingMethodId);
  assert.deepEqual(
    events.filter((type) => type === "billing_method.deleted"),
    ["billing_method.deleted"],
  );
});

test("nobody deletes another user's billing method; the shop's secret key may", async (shop) => {
  const user = await signUp(shop);
  const stranger = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);

  const foreign = await remove(shop, stranger, billingMethodId);
  const anonymous = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: { apikey: shop.stack.publishableKey },
    body: { billingMethodId },
  });

  assert.deepEqual(
    [foreign.status, foreign.body.code],
    [404, "billing_method_not_found"],
  );
  assert.equal(anonymous.status, 401);
  assert.equal((await keyOf(shop, billingMethodId)).atToss, true);
  const operator = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: { apikey: shop.stack.secretKey },
    body: { billingMethodId },
  });
  assert.equal(operator.status, 200);
  assert.equal((await keyOf(shop, billingMethodId)).atToss, false);
});

test("a key that Toss has removed already counts as deleted", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  shop.simulator.addFault({
    kind: "status_before",
    code: "NOT_FOUND_BILLING",
    method: "DELETE",
  });

  const { status } = await remove(shop, user, billingMethodId);

  assert.equal(status, 200);
  assert.equal((await keyOf(shop, billingMethodId)).here, false);
});

test("a removal that Toss does not answer is out of use at once and finished by the worker", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "DELETE",
  });

  const { status } = await remove(shop, user, billingMethodId);

  assert.equal(status, 200);
  assert.deepEqual(await keyOf(shop, billingMethodId), {
    here: true,
    atToss: true,
  });
  const { data } = await user.client.from("billing_methods").select();
  assert.deepEqual(data?.map(({ status }) => status), ["deleted"]);
  await shop.stack.sql`
    update public.operations set next_attempt_at = toss_private.clock_now()
    where billing_method_id = ${billingMethodId} and state = 'unknown'`;
  await work(shop, "operations");
  assert.deepEqual(await keyOf(shop, billingMethodId), {
    here: false,
    atToss: false,
  });
});

test("without a billing method the next charge is a debt that a new card pays", async (shop) => {
  const { user, subscription, billingMethodId } = await subscribe(shop);
  const { id: subscriptionId, currentPeriodEnd: asOf } = subscription;
  await remove(shop, user, billingMethodId);
  const sent = shop.simulator.charges().length;

  const run = await charge(shop, { subscriptionId, asOf });

  assert.deepEqual([run.claimed, run.declined], [1, 1]);
  assert.equal(shop.simulator.charges().length, sent, "Toss is not asked");
  const owing = await subscriptionRow(shop, subscriptionId);
  assert.deepEqual(
    [owing.status, owing.needs_payment_method],
    ["past_due", true],
  );
  const last = (await chargeRows(shop, user)).at(-1);
  assert.equal(last?.failure_code, "NO_BILLING_METHOD");
  await registerCard(shop, user);
  const row = await subscriptionRow(shop, subscriptionId);
  assert.equal(row.status, "active");
});
