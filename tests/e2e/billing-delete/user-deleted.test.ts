import assert from "node:assert/strict";
import {
  addPlan,
  charge,
  issue,
  prepare,
  registerCard,
  registerInWindow,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  daysAfter,
  justAfter,
  makeChargesDue,
  makeIssueDue,
} from "../../support/billing-rows.ts";
import { callSql } from "../../support/answers.ts";
import { callFunction } from "../../support/call-function.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import { deleteUser } from "../../support/delete-user.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp, type User } from "../../../stack/users.ts";
import { work } from "../../support/worker.ts";

const test = shopTests({
  environment: { TOSS_TIMEOUT_MS: "1000", AD_HOC_CHARGES: "on" },
});

interface Ending {
  status: string;
  end_reason: string | null;
  next_charge_at: Date | null;
  hasAccess: boolean;
}

async function ending({ stack }: Shop, { subscription }: Subscriber) {
  const [row] = await stack.sql<Ending[]>`
    select s.status, s.end_reason, s.next_charge_at, exists (
      select 1 from public.entitlements as e
      where e.subscription_id = s.id and e.revoked_at is null and e.ends_at > toss_private.clock_now()
    ) as "hasAccess"
    from public.subscriptions as s where s.id = ${subscription.id}`;
  return row;
}

const GONE: Ending = {
  status: "canceled",
  end_reason: "user_deleted",
  next_charge_at: null,
  hasAccess: false,
};

/** How many keys of a user work at Toss, and how many lie here. */
async function keysOf({ stack, simulator }: Shop, { id }: User) {
  const rows = await stack.sql<{ key_digest: string; ciphertext: unknown }[]>`
    select k.key_digest, k.ciphertext from toss_private.billing_keys as k
    join public.billing_methods as m on m.id = k.billing_method_id where m.user_id = ${id}`;
  const digests = rows.map((row) => row.key_digest);
  return {
    here: rows.filter(({ ciphertext }) => ciphertext !== null).length,
    atToss:
      simulator.billingKeys().filter(({ keyDigest, deletedAt }) =>
        digests.includes(keyDigest) && deletedAt === null
      ).length,
  };
}

async function alertsAbout({ stack }: Shop, { subscription }: Subscriber) {
  const rows = await stack.sql<{ alert: string }[]>`
    select alert from public.alerts where subject = ${subscription.id}`;
  return rows.map(({ alert }) => alert);
}

/** The reasons of the event subscription.canceled. */
async function endings({ stack }: Shop, { subscription }: Subscriber) {
  const rows = await stack.sql<{ reason: string }[]>`
    select payload ->> 'reason' as reason from public.outbox_events
    where subject = ${subscription.id} and event_type = 'subscription.canceled'`;
  return rows.map(({ reason }) => reason);
}

/** The shop's own back office asks for a change. */
function changeAsShop(
  shop: Shop,
  { subscription }: Subscriber,
  fields: Record<string, unknown>,
) {
  return callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: { subscriptionId: subscription.id, ...fields },
  });
}

test("whose account is deleted is not charged: the subscription ends, says why, and the key goes at Toss", async (shop) => {
  const gone = await subscribe(shop);
  const other = await subscribe(shop);
  const dueAt = justAfter(other.subscription.currentPeriodEnd);
  await deleteUser(shop, gone.user);
  const before = shop.simulator.charges().length;

  const run = await charge(shop, { asOf: dueAt });
  await work(shop, "operations");

  assert.equal(run.paid, 1);
  assert.equal(shop.simulator.charges().length, before + 1);
  assert.deepEqual(await ending(shop, gone), GONE);
  assert.deepEqual(await keysOf(shop, gone.user), { here: 0, atToss: 0 });
  assert.deepEqual(await alertsAbout(shop, gone), ["user_deleted"]);
  assert.deepEqual(await endings(shop, gone), ["user_deleted"]);
  assert.equal((await ending(shop, other))?.status, "active");
  assert.deepEqual(await keysOf(shop, other.user), { here: 1, atToss: 1 });
});

test("a subscription of a deleted account ends with the next run, long before it is due", async (shop) => {
  const gone = await subscribe(shop);
  await deleteUser(shop, gone.user);

  await charge(shop, {});

  assert.deepEqual(await ending(shop, gone), GONE);
});

test("a run for one subscription and its preview leave a deleted account alone", async (shop) => {
  const gone = await subscribe(shop);
  const body = {
    subscriptionId: gone.subscription.id,
    asOf: gone.subscription.currentPeriodEnd,
  };
  await deleteUser(shop, gone.user);
  const before = shop.simulator.charges().length;

  const preview = await charge(shop, { ...body, dryRun: true });
  const run = await charge(shop, body);

  assert.deepEqual(preview.charges, []);
  assert.deepEqual([run.claimed, run.remaining], [0, 0]);
  assert.equal(shop.simulator.charges().length, before);
  assert.equal((await ending(shop, gone))?.end_reason, "user_deleted");
});

test("an account that Auth keeps as deleted is gone, too", async (shop) => {
  const gone = await subscribe(shop);
  const { sql } = shop.stack;
  await sql`alter table auth.users add column if not exists deleted_at timestamptz`;
  await sql`update auth.users set deleted_at = now() where id = ${gone.user.id}`;

  await charge(shop, {});

  assert.deepEqual(await ending(shop, gone), GONE);
});

test("whose account was never in auth.users is no deleted one", async (shop) => {
  const foreign = await subscribe(shop);
  await deleteUser(shop, foreign.user);
  // As ids of another identity provider are.
  await shop.stack.sql`
    update public.customers set known_to_auth = false where user_id = ${foreign.user.id}`;

  const run = await charge(shop, {
    subscriptionId: foreign.subscription.id,
    asOf: foreign.subscription.currentPeriodEnd,
  });
  await charge(shop, {});

  assert.equal(run.paid, 1);
  assert.equal((await ending(shop, foreign))?.status, "active");
});

test("a charge that was paid while its account was deleted stands, and then the subscription ends", async (shop) => {
  const gone = await subscribe(shop);
  const body = {
    subscriptionId: gone.subscription.id,
    asOf: gone.subscription.currentPeriodEnd,
  };
  shop.simulator.addFault({ kind: "lose_answer_after", ...CHARGES });
  await charge(shop, body);
  await deleteUser(shop, gone.user);
  // The answer is not known yet: nothing is ended over it.
  await charge(shop, {});
  assert.equal((await ending(shop, gone))?.status, "active");
  await makeChargesDue(shop, gone.user);

  const found = await charge(shop, body);
  await charge(shop, {});

  assert.equal(found.paid, 1);
  const charges = await chargeRows(shop, gone.user);
  assert.deepEqual(charges.map(({ status }) => status), ["paid", "paid"]);
  assert.equal((await ending(shop, gone))?.end_reason, "user_deleted");
});

test("a charge that never reached Toss is not sent again for a deleted account", async (shop) => {
  const gone = await subscribe(shop);
  const body = {
    subscriptionId: gone.subscription.id,
    asOf: gone.subscription.currentPeriodEnd,
  };
  shop.simulator.addFault({ kind: "lose_answer_before", ...CHARGES });
  await charge(shop, body);
  await deleteUser(shop, gone.user);
  const sent = shop.simulator.charges().length;
  await makeChargesDue(shop, gone.user);
  // Nobody has looked for deleted accounts yet: the charge itself is asked whose it is.
  assert.equal((await charge(shop, body)).unknown, 1);
  await charge(shop, {});
  await makeChargesDue(shop, gone.user);
  await shop.stack.sql`
    update public.billing_methods set deleted_at = deleted_at - interval '2 minutes'
    where id = ${gone.billingMethodId}`;

  const late = await charge(shop, body);
  await charge(shop, {});

  assert.equal(late.declined, 1);
  assert.equal(shop.simulator.charges().length, sent);
  assert.equal((await ending(shop, gone))?.end_reason, "user_deleted");
});

test("a debt of a deleted account is not collected: not by dunning, not by retry_payment, not by another card", async (shop) => {
  const gone = await subscribe(shop);
  const { user, subscription } = gone;
  const due = subscription.currentPeriodEnd;
  const { customerKey } = await registerInWindow(shop, user);
  shop.simulator.declineCharges({ customerKey, code: "REJECT_CARD_PAYMENT" });
  await charge(shop, { subscriptionId: subscription.id, asOf: due });
  assert.equal((await ending(shop, gone))?.status, "past_due");
  await deleteUser(shop, user);
  const before = shop.simulator.charges().length;

  const asked = [
    await changeAsShop(shop, gone, { action: "retry_payment" }),
    await changeAsShop(shop, gone, {
      action: "change_method",
      billingMethodId: gone.billingMethodId,
    }),
  ];
  await charge(shop, {
    subscriptionId: subscription.id,
    asOf: justAfter(daysAfter(due, 1)),
  });

  for (const { status, body } of asked) {
    assert.deepEqual([status, body.code], [400, "invalid_request"]);
    assert.match(String(body.message), /user_deleted/);
  }
  assert.equal(shop.simulator.charges().length, before);
  assert.equal((await ending(shop, gone))?.end_reason, "user_deleted");
  assert.deepEqual(await endings(shop, gone), ["user_deleted"]);
});

test("a trial of a deleted account is not turned into a paid one, nor announced", async (shop) => {
  const planId = await addPlan(shop, { trialDays: 7 });
  const gone = await subscribe(shop, { planId });
  await deleteUser(shop, gone.user);
  const before = shop.simulator.charges().length;

  await charge(shop, { asOf: daysAfter(gone.subscription.createdAt, 8) });

  assert.equal(shop.simulator.charges().length, before);
  assert.equal((await ending(shop, gone))?.end_reason, "user_deleted");
  const [announced] = await shop.stack.sql`
    select 1 from public.outbox_events
    where subject = ${gone.subscription.id} and event_type = 'subscription.trial_ending'`;
  assert.equal(announced, undefined);
});

test("nothing is charged ad hoc to a deleted account, and its key goes", async (shop) => {
  const user = await signUp(shop);
  await registerCard(shop, user);
  await deleteUser(shop, user);
  const before = shop.simulator.charges().length;

  const { status, body } = await callFunction(shop, "billing-charge", {
    headers: { apikey: shop.stack.secretKey },
    body: {
      userId: user.id,
      amount: 3000,
      orderName: "저장 공간",
      requestId: crypto.randomUUID(),
    },
  });
  await work(shop, "operations");

  assert.deepEqual([status, body.code], [404, "billing_method_not_found"]);
  assert.equal(shop.simulator.charges().length, before);
  assert.deepEqual(await keysOf(shop, user), { here: 0, atToss: 0 });
});

test("a card without a subscription goes with its account", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  await deleteUser(shop, user);

  await charge(shop, {});
  await charge(shop, {});
  await work(shop, "operations");

  assert.deepEqual(await keysOf(shop, user), { here: 0, atToss: 0 });
  const events = await shop.stack.sql`
    select payload ->> 'verifiedBy' as by from public.outbox_events
    where subject = ${billingMethodId} and event_type = 'billing_method.deleted'`;
  assert.deepEqual(events.map(({ by }) => by), ["auth"]);
});

test("a token that outlives its account registers nothing, and Toss is not asked", async (shop) => {
  const user = await signUp(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  await deleteUser(shop, user);
  const before = shop.simulator.requests().length;

  const answers = [
    await prepare(shop, user),
    await issue(shop, user, { authKey, customerKey }),
  ];

  for (const { status, body } of answers) {
    assert.deepEqual([status, body.code], [401, "unauthorized"]);
  }
  // A token that is checked with the project's public keys gets further.
  const asked = { userId: user.id, customerKey, mode: "test" };
  const begun = {
    operationId: crypto.randomUUID(),
    authKeyDigest: "0".repeat(64),
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 60,
  };
  for (
    const { outcome } of [
      await callSql(shop.stack.sql, "prepare_billing", asked),
      await callSql(shop.stack.sql, "begin_billing_issue", {
        ...asked,
        ...begun,
      }),
    ]
  ) assert.equal(outcome, "user_deleted");
  assert.equal(shop.simulator.requests().length, before);
});

test("a registration that Toss answers after its account was deleted subscribes nobody", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user, {
    planId,
  });
  shop.simulator.addFault({ kind: "lose_answer_after" });
  const { status } = await issue(shop, user, { authKey, customerKey, planId });
  assert.equal(status, 202);
  await deleteUser(shop, user);
  await makeIssueDue(shop, user);
  const before = shop.simulator.charges().length;

  await work(shop, "operations");
  await work(shop, "operations");

  assert.equal(shop.simulator.charges().length, before);
  assert.deepEqual(await chargeRows(shop, user), []);
  assert.deepEqual(await keysOf(shop, user), { here: 0, atToss: 0 });
});

test("the shop may still end it its own way before a run does, with a refund", async (shop) => {
  const gone = await subscribe(shop);
  await deleteUser(shop, gone.user);

  const { status, body } = await changeAsShop(shop, gone, {
    action: "cancel_now",
    refund: "prorated",
  });
  await charge(shop, {});

  assert.deepEqual([status, body.status], [200, "canceled"]);
  assert.equal((await ending(shop, gone))?.end_reason, "canceled");
  await work(shop, "operations");
  assert.deepEqual(await keysOf(shop, gone.user), { here: 0, atToss: 0 });
});
