import assert from "node:assert/strict";
import { type Answer, callFunction } from "../../support/call-function.ts";
import {
  addPlan,
  charge,
  issue,
  issueRequests,
  registerCard,
  registerInWindow,
} from "../../support/billing.ts";
import {
  chargeRows,
  justAfter,
  makeChargesDue,
} from "../../support/billing-rows.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp, type User } from "../../../stack/users.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

function subscribe(
  shop: Shop,
  user: User,
  fields: Record<string, unknown>,
): Promise<Answer> {
  return callFunction(shop, "subscription", {
    headers: buyerHeaders(shop, user.accessToken),
    body: { action: "subscribe", ...fields },
  });
}

interface Declined {
  user: User;
  planId: string;
  details: Record<string, unknown>;
}

/** A user whose card is registered, and whose first charge was declined once. */
async function declinedOnce(shop: Shop): Promise<Declined> {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user, {
    planId,
  });
  shop.simulator.declineCharges({
    customerKey,
    code: "REJECT_ACCOUNT_PAYMENT",
    count: 1,
  });
  const { status, body } = await issue(shop, user, {
    authKey,
    customerKey,
    planId,
  });
  assert.equal(status, 402, JSON.stringify(body));
  assert.ok(typeof body.details === "object" && body.details !== null);
  return { user, planId, details: { ...body.details } };
}

async function paidCharges(shop: Shop, user: User): Promise<number> {
  const rows = await chargeRows(shop, user);
  return rows.filter(({ status }) => status === "paid").length;
}

test("after a declined first charge its details alone subscribe, without another registration", async (shop) => {
  const { user, planId, details } = await declinedOnce(shop);
  const registered = issueRequests(shop);

  const { status, body } = await subscribe(shop, user, details);

  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(body.billingMethodId, details.billingMethodId);
  const { data } = await user.client.from("user_plans").select();
  assert.deepEqual(data?.map(({ plan, status }) => [plan, status]), [
    [planId, "active"],
  ]);
  assert.equal(issueRequests(shop), registered);
  // The same again, also many at a time, answers the same and charges nothing.
  const again = await Promise.all(
    Array.from({ length: 5 }, () => subscribe(shop, user, details)),
  );
  for (const answer of again) {
    assert.deepEqual([answer.status, answer.body], [201, body]);
  }
  assert.equal(await paidCharges(shop, user), 1);
});

test("a card that is declined again says so, with what the next try needs", async (shop) => {
  const { user, details } = await declinedOnce(shop);
  const [customer] = await shop.stack.sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${user.id}`;
  shop.simulator.declineCharges({
    customerKey: customer?.customer_key ?? "",
    code: "REJECT_CARD_PAYMENT",
    count: 1,
  });

  const refused = await subscribe(shop, user, details);

  assert.equal(refused.status, 402);
  assert.equal(refused.body.code, "payment_confirm_failed");
  assert.equal(refused.body.tossCode, "REJECT_CARD_PAYMENT");
  assert.deepEqual(refused.body.details, details);
  assert.equal(await paidCharges(shop, user), 0);
  assert.equal((await subscribe(shop, user, details)).status, 201);
});

test("ten requests at a time make one subscription and one charge", async (shop) => {
  const { user, details } = await declinedOnce(shop);

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => subscribe(shop, user, details)),
  );

  for (const { status } of answers) assert.ok([201, 202].includes(status));
  assert.ok(answers.some(({ status }) => status === 201));
  assert.equal(await paidCharges(shop, user), 1);
});

test("a lost answer is 202, and the repeat answers what the worker found", async (shop) => {
  const { user, details } = await declinedOnce(shop);
  shop.simulator.addFault({ kind: "lose_answer_after", count: "always" });

  const lost = await subscribe(shop, user, details);
  const meanwhile = await subscribe(shop, user, details);

  const { billingMethodId } = details;
  for (const { status, body } of [lost, meanwhile]) {
    assert.equal(status, 202);
    assert.deepEqual(body, { status: "processing", billingMethodId });
  }
  shop.simulator.clearFaults();
  await makeChargesDue(shop, user);
  await work(shop, "operations");
  assert.equal((await subscribe(shop, user, details)).status, 201);
  assert.equal(await paidCharges(shop, user), 1);
  assert.equal((await chargeRows(shop, user)).length, 2);
});

test("a card that was registered without a plan starts a plan's trial, once", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop, { trialDays: 7 });
  const other = await addPlan(shop, { trialDays: 7 });
  const { billingMethodId } = await registerCard(shop, user);

  const { status, body } = await subscribe(shop, user, {
    planId,
    billingMethodId,
  });

  assert.equal(status, 201);
  assert.ok(typeof body.subscription === "object" && body.subscription);
  const begun: Record<string, unknown> = { ...body.subscription };
  assert.equal(begun.status, "trialing");
  assert.equal((await chargeRows(shop, user)).length, 0);
  // Neither by leaving nor by changing the plan meanwhile does one get another.
  const { data } = await user.client.from("subscriptions").select("id");
  const callChange = (action: string, fields = {}) =>
    callFunction(shop, "subscription", {
      headers: buyerHeaders(shop, user.accessToken),
      body: { subscriptionId: data?.[0]?.id, action, ...fields },
    });
  assert.equal(
    (await callChange("change_plan", { planId: other })).status,
    200,
  );
  assert.equal((await callChange("cancel_now")).status, 200);
  const back = await subscribe(shop, user, { planId, billingMethodId });
  assert.equal(back.status, 201);
  assert.equal(await paidCharges(shop, user), 1);
});

test("what was subscribed to with a registered card is renewed as every subscription", async (shop) => {
  const { user, details } = await declinedOnce(shop);
  await subscribe(shop, user, details);
  const { data } = await user.client.from("subscriptions")
    .select("id, current_period_end");
  const [row] = data ?? [];
  assert.ok(row);

  const counts = await charge(shop, {
    subscriptionId: row.id,
    asOf: justAfter(row.current_period_end),
  });

  assert.deepEqual([counts.claimed, counts.paid], [1, 1]);
  assert.equal(await paidCharges(shop, user), 2);
});

test("nobody subscribes with a card that is not theirs, is removed or unknown", async (shop) => {
  const owner = await declinedOnce(shop);
  const stranger = await signUp(shop);
  const refused = async (user: User, fields: Record<string, unknown>) => {
    const { status, body } = await subscribe(shop, user, fields);
    return [status, body.code];
  };
  const unknown = [404, "billing_method_not_found"];

  assert.deepEqual(await refused(stranger, owner.details), unknown);
  assert.deepEqual(
    await refused(owner.user, {
      ...owner.details,
      billingMethodId: crypto.randomUUID(),
    }),
    unknown,
  );
  assert.deepEqual(
    await refused(owner.user, { ...owner.details, planId: "nothing" }),
    [404, "plan_not_found"],
  );
  await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: buyerHeaders(shop, owner.user.accessToken),
    body: { billingMethodId: owner.details.billingMethodId },
  });
  assert.deepEqual(await refused(owner.user, owner.details), unknown);
  assert.equal(await paidCharges(shop, owner.user), 0);
});

test("a plan that another card pays for is not subscribed to twice", async (shop) => {
  const { user, planId, details } = await declinedOnce(shop);
  await registerCard(shop, user, { planId });

  const { status, body } = await subscribe(shop, user, details);

  assert.deepEqual([status, body.code], [409, "already_subscribed"]);
  assert.equal(await paidCharges(shop, user), 1);
});

test("the secret key subscribes the owner of the card", async (shop) => {
  const { user, details } = await declinedOnce(shop);

  const { status } = await callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: { action: "subscribe", ...details },
  });

  assert.equal(status, 201);
  const { data } = await user.client.from("subscriptions").select("status");
  assert.deepEqual(data, [{ status: "active" }]);
});

test("a card is tried five times in ten minutes, the registration included", async (shop) => {
  const { user, details } = await declinedOnce(shop);
  const [customer] = await shop.stack.sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${user.id}`;
  shop.simulator.declineCharges({
    customerKey: customer?.customer_key ?? "",
    code: "REJECT_CARD_PAYMENT",
    count: 4,
  });
  for (let n = 0; n < 4; n++) {
    assert.equal((await subscribe(shop, user, details)).status, 402);
  }

  const { status, body, headers } = await subscribe(shop, user, details);

  assert.deepEqual([status, body.code], [429, "too_many_attempts"]);
  assert.ok(Number(headers.get("retry-after")) > 0);
  assert.equal((await chargeRows(shop, user)).length, 5);
});

test("subscribe takes a plan and a card, and names what is missing or too much", async (shop) => {
  const user = await signUp(shop);
  const ids = { planId: "basic", billingMethodId: crypto.randomUUID() };
  const wrong: [Record<string, unknown>, string][] = [
    [{ planId: ids.planId }, "billingMethodId"],
    [{ billingMethodId: ids.billingMethodId }, "planId"],
    [{ ...ids, subscriptionId: crypto.randomUUID() }, "subscriptionId"],
    [{ ...ids, action: "renew" }, "action"],
  ];
  for (const [fields, field] of wrong) {
    const { status, body } = await subscribe(shop, user, fields);
    assert.equal(status, 400, field);
    assert.ok(JSON.stringify(body.details).includes(`"field":"${field}"`));
  }
});
