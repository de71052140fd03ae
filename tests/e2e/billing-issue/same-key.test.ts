import assert from "node:assert/strict";
import {
  addPlan,
  issue,
  registerCard,
  registerInWindow,
} from "../../support/billing.ts";
import { outboxTypes } from "../../support/billing-rows.ts";
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

/** The digest under which a method's key is known. */
async function digestOf({ stack }: Shop, billingMethodId: string) {
  const [row] = await stack.sql<{ key_digest: string }[]>`
    select key_digest from toss_private.billing_keys where billing_method_id = ${billingMethodId}`;
  assert.ok(row);
  return row.key_digest;
}

function livesAtToss({ simulator }: Shop, digest: string) {
  return simulator.billingKeys()
    .some(({ keyDigest, deletedAt }) =>
      keyDigest === digest && deletedAt === null
    );
}

async function methods({ stack }: Shop, { id }: User) {
  const rows = await stack.sql<{ id: string; status: string }[]>`
    select id, status from public.billing_methods where user_id = ${id} order by created_at`;
  return rows.map((row) => [row.id, row.status]);
}

/** The user registers a card for which Toss issues a key that it has issued before. */
async function registerAgain(
  shop: Shop,
  user: User,
  reissuedKeyDigest: string,
) {
  const { authKey, customerKey } = await registerInWindow(shop, user, {}, {
    reissuedKeyDigest,
  });
  return await issue(shop, user, { authKey, customerKey });
}

test("a key that Toss issues twice to a user is one card", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  const digest = await digestOf(shop, billingMethodId);

  const again = await registerAgain(shop, user, digest);

  assert.deepEqual(
    [again.status, again.body.billingMethodId],
    [201, billingMethodId],
    JSON.stringify(again.body),
  );
  assert.deepEqual(await methods(shop, user), [[billingMethodId, "active"]]);
  assert.equal(livesAtToss(shop, digest), true);
  assert.deepEqual(await outboxTypes(shop, billingMethodId), [
    "billing_method.created",
  ]);
});

test("a plan can be subscribed to with a key that Toss issues twice, and it is charged", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  const digest = await digestOf(shop, billingMethodId);

  const { subscription } = await registerCard(shop, user, {
    planId: await addPlan(shop),
    reissuedKeyDigest: digest,
  });

  assert.equal(subscription?.status, "active");
  assert.equal(subscription.billingMethodId, billingMethodId);
  assert.equal(shop.simulator.charges().at(-1)?.keyDigest, digest);
});

test("a key that was removed and that Toss issues once more is a card of its own", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId: first } = await registerCard(shop, user);
  const digest = await digestOf(shop, first);
  await remove(shop, user, first);
  assert.equal(livesAtToss(shop, digest), false);

  const again = await registerAgain(shop, user, digest);

  assert.equal(again.status, 201, JSON.stringify(again.body));
  const second = String(again.body.billingMethodId);
  assert.deepEqual(await methods(shop, user), [
    [first, "deleted"],
    [second, "active"],
  ]);
  assert.equal((await remove(shop, user, first)).status, 200);
  assert.equal(livesAtToss(shop, digest), true, "it is the other card's");
  assert.equal((await remove(shop, user, second)).status, 200);
  assert.equal(livesAtToss(shop, digest), false);
});

test("a key that is being removed is not registered once more: its removal would take it away", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  const digest = await digestOf(shop, billingMethodId);
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "DELETE",
  });
  await remove(shop, user, billingMethodId);

  const refused = await registerAgain(shop, user, digest);

  assert.deepEqual(
    [refused.status, refused.body.code],
    [402, "billing_issue_failed"],
  );
  assert.equal("tossCode" in refused.body, false, "Toss has refused nothing");
  assert.deepEqual(await methods(shop, user), [[billingMethodId, "deleted"]]);
  await shop.stack.sql`
    update public.operations set next_attempt_at = toss_private.clock_now(), lease_expires_at = toss_private.clock_now()
    where billing_method_id = ${billingMethodId} and state in ('started', 'unknown')`;
  await work(shop, "operations");
  assert.equal(livesAtToss(shop, digest), false);
  assert.ok((await registerCard(shop, user)).billingMethodId);
});

test("an answer with another user's key is not believed, and the key stays the other's", async (shop) => {
  const owner = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, owner);
  const digest = await digestOf(shop, billingMethodId);
  const other = await signUp(shop);

  // Toss's answer names the customer whose key it is.
  const { status } = await registerAgain(shop, other, digest);

  assert.equal(status, 202);
  assert.deepEqual(await methods(shop, other), []);
  assert.equal(livesAtToss(shop, digest), true);
  assert.deepEqual(await methods(shop, owner), [[billingMethodId, "active"]]);
});
