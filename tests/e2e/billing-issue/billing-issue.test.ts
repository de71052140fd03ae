import assert from "node:assert/strict";
import {
  addPlan,
  issue,
  issueRequests,
  prepare,
  registerCard,
  registerInWindow,
} from "../../support/billing.ts";
import { chargeRows, outboxTypes } from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests();

test("prepare answers what the registration window needs, with the user's own customerKey", async (shop) => {
  const user = await signUp(shop);

  const first = await prepare(shop, user);
  const second = await prepare(shop, user);

  assert.equal(first.status, 200);
  assert.equal(first.body.customerKey, second.body.customerKey);
  const [row] = await shop.stack.sql`
    select customer_key from public.customers where user_id = ${user.id}`;
  assert.equal(first.body.customerKey, row?.customer_key);
  const successUrl = new URL(String(first.body.successUrl));
  assert.ok(successUrl.pathname.endsWith("/functions/v1/billing-issue"));
  assert.ok(successUrl.searchParams.get("state"));
  assert.ok(String(first.body.clientKey).startsWith("test_ck_"));
});

test("a registered card shows its issuer, masked number and type, to its owner alone", async (shop) => {
  const user = await signUp(shop);
  const other = await signUp(shop);

  const issued = await registerCard(shop, user, {
    cardNumber: "4330121234567890",
    issuerCode: "61",
  });

  assert.equal(issued.subscription, undefined);
  assert.equal(issued.card.issuerCode, "61");
  assert.match(issued.card.number ?? "", /^433012.*\*/);
  const own = await user.client.from("billing_methods").select();
  assert.deepEqual(own.data?.map(({ id }) => id), [issued.billingMethodId]);
  const foreign = await other.client.from("billing_methods").select();
  assert.deepEqual(foreign.data, []);
});

test("a registration costs two database calls and one call to Toss", async (shop) => {
  const user = await signUp(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  const roundTrips = watchRoundTrips(shop);

  await issue(shop, user, { authKey, customerKey });

  const { rest, toss } = roundTrips();
  assert.deepEqual(toss, ["POST /v1/billing/authorizations/issue"]);
  assert.equal(rest.filter((path) => path.includes("/rpc/")).length, 2);
});

test("a repeat with the same authKey answers the same and asks Toss nothing", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  const first = await issue(shop, user, { authKey, customerKey, planId });
  const before = issueRequests(shop);

  const second = await issue(shop, user, { authKey, customerKey, planId });

  assert.equal(first.status, 201);
  assert.deepEqual([second.status, second.body], [201, first.body]);
  assert.equal(issueRequests(shop), before);
  assert.equal((await chargeRows(shop, user)).length, 1);
});

test("a customerKey that is not the user's is refused before Toss is asked", async (shop) => {
  const user = await signUp(shop);
  const victim = await signUp(shop);
  const { authKey, customerKey } = await registerInWindow(shop, victim);
  await prepare(shop, user);
  const before = issueRequests(shop);

  for (const key of [customerKey, "@@ANONYMOUS", crypto.randomUUID()]) {
    const { status, body } = await issue(shop, user, {
      authKey,
      customerKey: key,
    });
    assert.deepEqual([status, body.code], [422, "customer_key_mismatch"]);
  }
  assert.equal(issueRequests(shop), before);
});

test("a plan nobody can subscribe to is refused before a card is asked for", async (shop) => {
  const user = await signUp(shop);
  const cheap = await addPlan(shop, { price: 99 });

  const unknown = await prepare(shop, user, { planId: "no-such" });
  const tooCheap = await prepare(shop, user, { planId: cheap });

  assert.deepEqual(
    [unknown.status, unknown.body.code],
    [404, "plan_not_found"],
  );
  assert.deepEqual(
    [tooCheap.status, tooCheap.body.code],
    [400, "invalid_request"],
  );
});

test("with a plan the first period is charged before the subscription is active", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop, { price: 12_000 });

  const { subscription, billingMethodId } = await registerCard(shop, user, {
    planId,
  });

  assert.ok(subscription);
  assert.equal(subscription.status, "active");
  assert.equal(subscription.billingMethodId, billingMethodId);
  assert.equal(subscription.nextChargeAt, subscription.currentPeriodEnd);
  const [charge] = await chargeRows(shop, user);
  assert.deepEqual(
    [charge?.kind, charge?.status, charge?.amount, charge?.attempt],
    ["start", "paid", 12_000, 1],
  );
  const plans = await user.client.from("user_plans").select();
  assert.deepEqual(plans.data?.map(({ plan, status }) => [plan, status]), [
    [planId, "active"],
  ]);
  assert.deepEqual(
    (await outboxTypes(shop, subscription.id)).filter((type) =>
      type === "subscription.activated"
    ).length,
    1,
  );
});

test("with a plan that has a trial nothing is charged, and access begins", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop, { trialDays: 7 });
  const before = shop.simulator.charges().length;

  const { subscription } = await registerCard(shop, user, { planId });

  assert.equal(subscription?.status, "trialing");
  assert.equal(subscription?.nextChargeAt, subscription?.currentPeriodEnd);
  assert.equal(shop.simulator.charges().length, before);
  const plans = await user.client.from("user_plans").select();
  assert.deepEqual(plans.data?.map(({ plan, status }) => [plan, status]), [
    [planId, "trialing"],
  ]);
});

test("a declined first charge leaves the card registered and nobody subscribed", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user, {
    planId,
  });
  shop.simulator.declineCharges({ customerKey, code: "REJECT_CARD_PAYMENT" });

  const { status, body } = await issue(shop, user, {
    authKey,
    customerKey,
    planId,
  });

  assert.equal(status, 402);
  assert.equal(body.code, "payment_confirm_failed");
  assert.equal(body.tossCode, "REJECT_CARD_PAYMENT");
  const { data: methods } = await user.client.from("billing_methods").select();
  assert.deepEqual(body.details, {
    billingMethodId: methods?.[0]?.id,
    planId,
  });
  const { data: subscriptions } = await user.client.from("subscriptions")
    .select();
  assert.deepEqual(subscriptions, []);
  // The same again says the same; nothing is charged twice.
  const again = await issue(shop, user, { authKey, customerKey, planId });
  assert.deepEqual(
    [again.status, again.body.code, again.body.tossCode, again.body.details],
    [402, body.code, body.tossCode, body.details],
  );
  assert.equal((await chargeRows(shop, user)).length, 1);
});

test("a second subscription to the same plan is refused, before and after the card", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const late = await registerInWindow(shop, user, { planId });
  await registerCard(shop, user, { planId });
  const before = issueRequests(shop);

  const prepared = await prepare(shop, user, { planId });
  const { authKey, customerKey } = late;
  const issued = await issue(shop, user, { authKey, customerKey, planId });

  for (const { status, body } of [prepared, issued]) {
    assert.deepEqual([status, body.code], [409, "already_subscribed"]);
  }
  assert.equal(issueRequests(shop), before);
  assert.equal((await chargeRows(shop, user)).length, 1);
});

test("twenty simultaneous registrations for one plan make one subscription and one charge", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const registrations = await Promise.all(
    Array.from({ length: 20 }, () => registerInWindow(shop, user, { planId })),
  );

  const answers = await Promise.all(
    registrations.map(({ authKey, customerKey }) =>
      issue(shop, user, { authKey, customerKey, planId })
    ),
  );

  const count = (wanted: number) =>
    answers.filter(({ status }) => status === wanted).length;
  assert.equal(count(201), 1);
  // Five reach Toss; whoever comes after the first is subscribed is told that instead of the limit.
  assert.ok(count(409) >= 4, `${count(409)}`);
  assert.equal(count(409) + count(429), 19);
  const paid = (await chargeRows(shop, user))
    .filter(({ status }) => status === "paid");
  assert.equal(paid.length, 1);
});

const REFUSED: [string, number, string, string][] = [
  ["INVALID_CARD_NUMBER", 402, "billing_issue_failed", "fix_input"],
  ["REJECT_CARD_COMPANY", 402, "billing_issue_failed", "use_another_method"],
  ["EXCEED_MAX_AUTH_COUNT", 402, "billing_issue_failed", "use_another_method"],
  ["INVALID_BILLING_AUTH", 402, "billing_issue_failed", "start_over"],
  ["NOT_SUPPORTED_METHOD", 402, "billing_issue_failed", "use_another_method"],
  ["UNAUTHORIZED_KEY", 500, "not_configured", "contact_support"],
];

for (const [tossCode, status, code, action] of REFUSED) {
  test(`Toss's ${tossCode} at issue is answered as ${code}`, async (shop) => {
    const user = await signUp(shop);
    const { authKey, customerKey } = await registerInWindow(shop, user);
    shop.simulator.addFault({
      kind: "status_before",
      code: tossCode,
      path: "/v1/billing/authorizations/issue",
    });

    const answer = await issue(shop, user, { authKey, customerKey });

    assert.deepEqual(
      [
        answer.status,
        answer.body.code,
        answer.body.tossCode,
        answer.body.action,
      ],
      [status, code, tossCode, action],
    );
    const { data } = await user.client.from("billing_methods").select();
    assert.deepEqual(data, []);
  });
}

test("an authKey that Toss does not know says: start over", async (shop) => {
  const user = await signUp(shop);
  const { customerKey } = await registerInWindow(shop, user);

  const { status, body } = await issue(shop, user, {
    authKey: "no-such-auth-key",
    customerKey,
  });

  assert.deepEqual(
    [status, body.code, body.tossCode, body.action],
    [402, "billing_issue_failed", "NOT_FOUND_BILLING", "start_over"],
  );
});

test("billing-issue needs a signed-in user, and names what is wrong with a request", async (shop) => {
  const user = await signUp(shop);
  const values = { authKey: "a", customerKey: "c-1" };
  assert.equal((await issue(shop, null, values)).status, 401);
  const prepared = await callFunction(shop, "billing-issue", {
    path: "/prepare",
    body: {},
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(prepared.status, 401);
  const wrong: [Record<string, unknown>, string][] = [
    [{ customerKey: "c-1" }, "authKey"],
    [{ authKey: "a" }, "customerKey"],
    [{ ...values, planId: 1 }, "planId"],
    [{ ...values, extra: 1 }, "extra"],
    [{ ...values, authKey: "x".repeat(301) }, "authKey"],
  ];
  for (const [body, field] of wrong) {
    const answer = await issue(shop, user, body);
    assert.equal(answer.status, 400, field);
    const [detail] = answer.body.details as { field: string }[];
    assert.equal(detail?.field, field);
  }
});
