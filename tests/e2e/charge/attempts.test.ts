import assert from "node:assert/strict";
import {
  addPlan,
  change,
  charge,
  issue,
  issueRequests,
  registerCard,
  registerInWindow,
  type Registration,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { makeChargesDue, makeIssueDue } from "../../support/billing-rows.ts";
import type { Answer } from "../../support/call-function.ts";
import { callFunction } from "../../support/call-function.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp, type User } from "../../../stack/users.ts";
import { advance, moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests();

const TEN_MINUTES = 600;

/** Registers a new card; answers what billing-issue says. */
async function tryCard(shop: Shop, user: User): Promise<Answer> {
  const { authKey, customerKey } = await registerInWindow(shop, user);
  return await issue(shop, user, { authKey, customerKey });
}

/** Somebody whose first renewal was declined, and whose cards are declined on. */
async function owing(shop: Shop): Promise<Subscriber> {
  const subscriber = await subscribe(shop);
  const { data } = await subscriber.user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: String(data?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
    count: "always",
  });
  const { subscription } = subscriber;
  await charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
  // What brought the subscriber here is over.
  await shop.stack.sql`
    delete from toss_private.card_attempts where user_id = ${subscriber.user.id}`;
  return subscriber;
}

function assertTooMany({ status, body, headers }: Answer, atMost: number) {
  assert.deepEqual([status, body.code], [429, "too_many_attempts"]);
  assert.deepEqual([body.action, body.retryable], ["retry_later", true]);
  const seconds = Number(headers.get("retry-after"));
  assert.ok(seconds > 0 && seconds <= atMost, `${seconds}`);
}

test("the sixth registration in ten minutes does not reach Toss, and may come when Retry-After says", async (shop) => {
  const user = await signUp(shop);
  for (let count = 0; count < 5; count++) {
    assert.equal((await tryCard(shop, user)).status, 201, `${count}`);
  }
  const before = issueRequests(shop);
  const registration = await registerInWindow(shop, user);
  const asked = () =>
    issue(shop, user, {
      authKey: registration.authKey,
      customerKey: registration.customerKey,
    });

  const refused = await asked();

  assertTooMany(refused, TEN_MINUTES);
  assert.equal(issueRequests(shop), before);
  assert.equal((await tryCard(shop, await signUp(shop))).status, 201);
  const seconds = Number(refused.headers.get("retry-after"));
  await moveDatabaseClock(shop, seconds);
  assert.equal((await asked()).status, 201, "the same authKey");
});

test("twenty a day reach Toss, however they are spread", async (shop) => {
  const user = await signUp(shop);
  for (let count = 0; count < 20; count++) {
    assert.equal((await tryCard(shop, user)).status, 201, `${count}`);
    if (count % 5 === 4) await advance(shop, TEN_MINUTES);
  }

  const refused = await tryCard(shop, user);

  assertTooMany(refused, 86_400);
  assert.ok(Number(refused.headers.get("retry-after")) > 80_000);
  await moveDatabaseClock(shop, Number(refused.headers.get("retry-after")));
  assert.equal((await tryCard(shop, user)).status, 201);
});

test("registrations, retries and changes of card share the limit", async (shop) => {
  const subscriber = await owing(shop);
  const { user, billingMethodId } = subscriber;
  assert.equal((await change(shop, subscriber, "retry_payment")).status, 402);
  assert.equal((await change(shop, subscriber, "retry_payment")).status, 402);
  const changed = await change(shop, subscriber, "change_method", {
    billingMethodId,
  });
  assert.equal(changed.status, 200);
  await registerCard(shop, user);
  await registerCard(shop, user);
  const before = shop.simulator.charges().length;

  assertTooMany(await change(shop, subscriber, "retry_payment"), TEN_MINUTES);
  assertTooMany(
    await change(shop, subscriber, "change_method", { billingMethodId }),
    TEN_MINUTES,
  );
  assertTooMany(await tryCard(shop, user), TEN_MINUTES);

  assert.equal(shop.simulator.charges().length, before);
  const [row] = await shop.stack.sql`
    select billing_method_id from public.subscriptions where id = ${subscriber.subscription.id}`;
  assert.notEqual(row?.billing_method_id, billingMethodId, "nothing changed");
});

test("what does not reach Toss does not count: repeats, refusals of our own, a change of card without a debt", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, planId, billingMethodId } = subscriber;
  const { authKey, customerKey } = await registerInWindow(shop, user);
  for (let count = 0; count < 8; count++) {
    assert.equal(
      (await issue(shop, user, { authKey, customerKey })).status,
      201,
    );
    assert.equal(
      (await issue(shop, user, { authKey: `a${count}`, customerKey, planId }))
        .status,
      409,
    );
    assert.equal(
      (await change(shop, subscriber, "change_method", { billingMethodId }))
        .status,
      200,
    );
    assert.equal(
      (await change(shop, subscriber, "retry_payment")).status,
      400,
    );
  }
  // Two have: the subscription's own card, and the second one.
  for (let count = 0; count < 3; count++) {
    assert.equal((await tryCard(shop, user)).status, 201);
  }
  assertTooMany(await tryCard(shop, user), TEN_MINUTES);
});

test("a card that waits for the answer to another one is an attempt, because the period goes on to it", async (shop) => {
  const subscriber = await owing(shop);
  const { user, billingMethodId: first } = subscriber;
  const { billingMethodId: second } = await registerCard(shop, user);
  const choose = (billingMethodId: string) =>
    change(shop, subscriber, "change_method", { billingMethodId });
  shop.simulator.addFault({ kind: "lose_answer_before", ...CHARGES });
  assert.equal((await change(shop, subscriber, "retry_payment")).status, 202);

  for (let count = 0; count < 3; count++) {
    assert.equal((await choose(first)).status, 200);
    assert.equal((await choose(first)).status, 200, "a repeat");
    assert.equal((await choose(second)).status, 200, "back to what was sent");
  }
  assertTooMany(await choose(first), TEN_MINUTES);

  const before = shop.simulator.charges().length;
  await makeChargesDue(shop, user);
  await work(shop, "operations");
  const [row] = await shop.stack.sql`
    select billing_method_id from public.subscriptions where id = ${subscriber.subscription.id}`;
  assert.equal(row?.billing_method_id, second);
  assert.ok(shop.simulator.charges().length <= before + 1);
});

test("an upgrade that was declined may be tried again as often as a card, and no first one counts", async (shop) => {
  const subscriber = await subscribe(shop);
  const dearer = await addPlan(shop, { price: 25_000 });
  const dearest = await addPlan(shop, { price: 90_000 });
  const upgrade = (planId: string) =>
    change(shop, subscriber, "change_plan", { planId });
  assert.equal((await upgrade(dearer)).status, 200);
  const { data } = await subscriber.user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: String(data?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
    count: "always",
  });
  // One for the registration; the first upgrade that is declined is none.
  for (let count = 0; count < 5; count++) {
    assert.equal((await upgrade(dearest)).status, 402, `${count}`);
  }
  const before = shop.simulator.charges().length;

  assertTooMany(await upgrade(dearest), TEN_MINUTES);

  assert.equal(shop.simulator.charges().length, before);
});

test("the answer of an open registration is not another attempt", async (shop) => {
  const user = await signUp(shop);
  const open: Registration[] = [];
  for (let count = 0; count < 5; count++) {
    const registration = await registerInWindow(shop, user);
    shop.simulator.addFault({ kind: "lose_answer_after" });
    const { authKey, customerKey } = registration;
    assert.equal(
      (await issue(shop, user, { authKey, customerKey })).status,
      202,
    );
    open.push(registration);
  }
  await makeIssueDue(shop, user);
  await work(shop, "operations");

  for (const { authKey, customerKey } of open) {
    assert.equal(
      (await issue(shop, user, { authKey, customerKey })).status,
      201,
    );
  }
});

test("ten registrations at once: five reach Toss", async (shop) => {
  const user = await signUp(shop);
  const registrations: Registration[] = [];
  for (let count = 0; count < 10; count++) {
    registrations.push(await registerInWindow(shop, user));
  }
  const before = issueRequests(shop);

  const answers = await Promise.all(
    registrations.map(({ authKey, customerKey }) =>
      issue(shop, user, { authKey, customerKey })
    ),
  );

  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [...Array(5).fill(201), ...Array(5).fill(429)]);
  assert.equal(issueRequests(shop) - before, 5);
});

test("a browser that comes back too often lands on the fail page", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  for (let count = 0; count < 5; count++) await tryCard(shop, user);
  const { redirectUrl } = await registerInWindow(shop, user, { planId });

  const answer = await fetch(redirectUrl, { redirect: "manual" });
  await answer.body?.cancel();

  const target = new URL(String(answer.headers.get("location")));
  assert.equal(answer.status, 303);
  assert.equal(target.searchParams.get("code"), "too_many_attempts");
});

test("the shop's own retry counts, too", async (shop) => {
  const subscriber = await owing(shop);
  const retry = () =>
    callFunction(shop, "subscription", {
      headers: { apikey: shop.stack.secretKey },
      body: {
        subscriptionId: subscriber.subscription.id,
        action: "retry_payment",
      },
    });
  for (let count = 0; count < 5; count++) {
    assert.equal((await retry()).status, 402);
  }

  assertTooMany(await retry(), TEN_MINUTES);
  assertTooMany(await change(shop, subscriber, "retry_payment"), TEN_MINUTES);
});
