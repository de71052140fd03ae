import assert from "node:assert/strict";
import {
  addPlan,
  change,
  charge,
  prepare,
  registerAccount,
  registerCard,
  subscribe,
} from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel } from "../../support/cancel.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp, type User } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

async function ownMethods({ client }: User) {
  const { data } = await client.from("billing_methods").select();
  return data ?? [];
}

async function keyDigest({ stack }: Shop, billingMethodId: string) {
  const [row] = await stack.sql<{ key_digest: string }[]>`
    select key_digest from toss_private.billing_keys where billing_method_id = ${billingMethodId}`;
  assert.ok(row);
  return row.key_digest;
}

/** Somebody whose plan an account pays for. */
async function subscribedByAccount(shop: Shop) {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const issued = await registerAccount(shop, user, {
    planId,
    bank: "신한",
    accountNumber: "110413789012",
  });
  const { billingMethodId, subscription } = issued;
  assert.ok(subscription);
  return { user, planId, billingMethodId, subscription };
}

type Subscribed = Awaited<ReturnType<typeof subscribedByAccount>>;

async function declineNext(shop: Shop, one: Subscribed, code: string) {
  shop.simulator.declineCharges({
    keyDigest: await keyDigest(shop, one.billingMethodId),
    code,
  });
  return await charge(shop, {
    subscriptionId: one.subscription.id,
    asOf: one.subscription.currentPeriodEnd,
  });
}

test("an account is registered, shown masked, charged for the first period and for the next", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const issued = await registerAccount(shop, user, {
    planId,
    bank: "신한",
    accountNumber: "110413789012",
  });
  assert.deepEqual(issued.account, {
    bankName: "신한",
    number: "1104****9012",
  });
  assert.equal(issued.subscription?.status, "active");
  const [row, ...more] = await ownMethods(user);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [
      row.method,
      row.bank_name,
      row.account_number_masked,
      row.card_issuer_code,
      row.card_number_masked,
      row.card_type,
    ],
    ["TRANSFER", "신한", "1104****9012", null, null, null],
  );

  const next = await charge(shop, {
    subscriptionId: issued.subscription.id,
    asOf: issued.subscription.currentPeriodEnd,
  });
  assert.equal(next.paid, 1);
  const payments = await shop.stack.sql<{ method: string }[]>`
    select method from public.payments where user_id = ${user.id}`;
  assert.deepEqual(payments.map(({ method }) => method), [
    "계좌이체",
    "계좌이체",
  ]);
});

test("a card's answer says CARD and shows no account", async (shop) => {
  const user = await signUp(shop);
  const issued = await registerCard(shop, user);
  assert.equal(issued.method, "CARD");
  const [row] = await ownMethods(user);
  assert.deepEqual([row.method, row.bank_name, row.account_number_masked], [
    "CARD",
    null,
    null,
  ]);
});

test("prepare takes CARD and TRANSFER, and names the field of anything else", async (shop) => {
  const user = await signUp(shop);
  for (
    const [body, method] of [[{}, "CARD"], [
      { method: "TRANSFER" },
      "TRANSFER",
    ]] as const
  ) {
    const answer = await prepare(shop, user, body);
    assert.deepEqual([answer.status, answer.body.method], [200, method]);
  }
  const refused = await prepare(shop, user, { method: "MOBILE_PHONE" });
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.body.details), /"method"/);
});

test("a payment from an account is refunded without a refund account, in part too", async (shop) => {
  const one = await subscribedByAccount(shop);
  const [row] = await chargeRows(shop, one.user);
  const answer = await cancel(shop, {
    orderId: row?.order_id,
    cancelAmount: 1_000,
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.status, "partially_refunded");
});

test("too little balance is tried again another day", async (shop) => {
  const one = await subscribedByAccount(shop);
  const run = await declineNext(shop, one, "REJECT_ACCOUNT_PAYMENT");
  assert.equal(run.declined, 1);
  const row = await subscriptionRow(shop, one.subscription.id);
  assert.deepEqual([row.status, row.needs_payment_method], [
    "past_due",
    false,
  ]);
  const last = (await chargeRows(shop, one.user)).at(-1);
  assert.deepEqual([last?.failure_code, last?.next_attempt_at !== null], [
    "REJECT_ACCOUNT_PAYMENT",
    true,
  ]);
});

test("an account that must be registered again asks for another method, and that one pays at once", async (shop) => {
  const one = await subscribedByAccount(shop);
  await declineNext(shop, one, "INVALID_ACCOUNT_INFO_RE_REGISTER");
  for (let round = 0; round < 5; round++) {
    await makeChargesDue(shop, one.user);
    await work(shop, "operations");
  }
  const row = await subscriptionRow(shop, one.subscription.id);
  assert.equal(row.needs_payment_method, true);
  const other = await registerAccount(shop, one.user, { bank: "국민" });
  const paid = await subscriptionRow(shop, one.subscription.id);
  assert.deepEqual(
    [paid.status, paid.needs_payment_method, paid.billing_method_id],
    ["active", false, other.billingMethodId],
  );
});

test("a bank's maintenance burns no attempt", async (shop) => {
  const one = await subscribedByAccount(shop);
  const run = await declineNext(shop, one, "NOT_AVAILABLE_BANK");
  assert.deepEqual([run.declined, run.unknown], [0, 1]);
  assert.equal(
    (await subscriptionRow(shop, one.subscription.id)).status,
    "active",
  );
  for (let round = 0; round < 5; round++) {
    await makeChargesDue(shop, one.user);
    await work(shop, "operations");
  }
  const last = (await chargeRows(shop, one.user)).at(-1);
  assert.deepEqual([last?.status, last?.attempt], ["paid", 1]);
});

test("an account is chosen for a subscription that a card paid, and the other way round", async (shop) => {
  const subscriber = await subscribe(shop);
  const account = await registerAccount(shop, subscriber.user);
  for (
    const billingMethodId of [
      account.billingMethodId,
      subscriber.billingMethodId,
    ]
  ) {
    const answer = await change(shop, subscriber, "change_method", {
      billingMethodId,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
});

test("an account is removed by its owner, and its key at Toss", async (shop) => {
  const one = await subscribedByAccount(shop);
  const { status } = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    body: { billingMethodId: one.billingMethodId },
    headers: buyerHeaders(shop, one.user.accessToken),
  });
  assert.equal(status, 200);
  const digest = await keyDigest(shop, one.billingMethodId);
  const key = shop.simulator.billingKeys().find((book) =>
    book.keyDigest === digest
  );
  assert.notEqual(key?.deletedAt ?? null, null);
});

test("BILLING_DELETED takes an account out of use", async (shop) => {
  const one = await subscribedByAccount(shop);
  shop.simulator.removeBillingKeys({
    keyDigest: await keyDigest(shop, one.billingMethodId),
    reason: "계좌 해지",
  });
  await settleWebhooks(shop);
  assert.equal(
    (await subscriptionRow(shop, one.subscription.id)).needs_payment_method,
    true,
  );
});

test("a plan under 200 won is not offered to an account, and a price that became one asks for a card", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop, { price: 150 });
  const refused = await prepare(shop, user, { planId, method: "TRANSFER" });
  assert.equal(refused.status, 400, JSON.stringify(refused.body));
  assert.equal((await prepare(shop, user, { planId })).status, 200);

  // Who prepared a card and registers an account all the same.
  const { billingMethodId } = await registerAccount(shop, user);
  const answer = await callFunction(shop, "subscription", {
    body: { action: "subscribe", planId, billingMethodId },
    headers: buyerHeaders(shop, user.accessToken),
  });
  assert.equal(answer.status, 402, JSON.stringify(answer.body));
  assert.equal(answer.body.tossCode, "BELOW_MINIMUM_AMOUNT");
  assert.equal(answer.body.action, "use_another_method");
});

test("an upgrade whose difference an account cannot pay costs nothing", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop, { price: 10_000 });
  const dearer = await addPlan(shop, { price: 10_150 });
  const issued = await registerAccount(shop, user, { planId });
  assert.ok(issued.subscription);
  const answer = await change(
    shop,
    { user, subscription: issued.subscription },
    "change_plan",
    { planId: dearer },
  );
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.planId, dearer);
  assert.equal((await chargeRows(shop, user)).length, 1);
});
