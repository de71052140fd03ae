import assert from "node:assert/strict";
import {
  addPlan,
  issue,
  issueRequests,
  prepare,
  registerInWindow,
} from "../../support/billing.ts";
import { chargeRows, makeIssueDue } from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp, type User } from "../../../stack/users.ts";
import { advance, work } from "../../support/worker.ts";

const test = shopTests();

function reprice({ stack }: Shop, planId: string, price: number) {
  return stack
    .sql`update public.plans set price = ${price} where id = ${planId}`;
}

/** What the error says about the plan as it is now. */
function termsOf(planId: string, changes: Record<string, unknown> = {}) {
  return {
    planId,
    amount: 10_000,
    currency: "KRW",
    interval: "month",
    intervalCount: 1,
    trialDays: 0,
    ...changes,
  };
}

/** Somebody who was shown a plan and has come back from the window. */
async function shown(shop: Shop, planId: string) {
  const user = await signUp(shop);
  const { authKey, customerKey, redirectUrl } = await registerInWindow(
    shop,
    user,
    { planId },
  );
  return { user, redirectUrl, request: { authKey, customerKey, planId } };
}

function subscribe(shop: Shop, user: User, fields: unknown) {
  return callFunction(shop, "subscription", {
    headers: buyerHeaders(shop, user.accessToken),
    body: { action: "subscribe", ...Object(fields) },
  });
}

async function paidAmounts(shop: Shop, user: User): Promise<number[]> {
  const rows = await chargeRows(shop, user);
  return rows.filter(({ status }) => status === "paid")
    .map(({ amount }) => amount);
}

test("a plan that got dearer after prepare is refused with its price, and is subscribed to once that was shown", async (shop) => {
  const planId = await addPlan(shop);
  const { user, request } = await shown(shop, planId);
  await reprice(shop, planId, 12_000);
  const asked = issueRequests(shop);

  const refused = await issue(shop, user, request);
  // Asking again shows nobody anything.
  const again = await issue(shop, user, request);

  for (const { status, body } of [refused, again]) {
    assert.deepEqual(
      [status, body.code, body.action],
      [422, "payment_amount_mismatch", "start_over"],
    );
    assert.deepEqual(body.details, termsOf(planId, { amount: 12_000 }));
  }
  assert.match(String(refused.body.userMessage), /요금제/);
  assert.equal(issueRequests(shop), asked, "Toss was not asked");
  assert.deepEqual(await chargeRows(shop, user), []);
  assert.equal((await prepare(shop, user, { planId })).status, 200);
  assert.equal((await issue(shop, user, request)).status, 201);
  assert.deepEqual(await paidAmounts(shop, user), [12_000]);
});

test("the redirect of a window that was opened at another price is refused, also when the new one was shown since", async (shop) => {
  const planId = await addPlan(shop);
  const { user, redirectUrl } = await shown(shop, planId);
  await reprice(shop, planId, 12_000);
  // In another tab.
  await prepare(shop, user, { planId });

  const { headers } = await callFunction(shop, "billing-issue", {
    method: "GET",
    path: redirectUrl.search,
    headers: { "accept-language": "en" },
  });

  const page = new URL(headers.get("location") ?? "");
  const query = Object.fromEntries(page.searchParams);
  assert.equal(page.pathname, "/payment/fail");
  assert.deepEqual(
    [query.code, query.action, query.planId, query.amount],
    ["payment_amount_mismatch", "start_over", planId, "12000"],
  );
  assert.match(query.message ?? "", /plan/);
  assert.deepEqual(await chargeRows(shop, user), []);
});

for (
  const [what, column, value, field] of [
    ["period", "interval_count", 3, "intervalCount"],
    ["trial", "trial_days", 0, "trialDays"],
    ["price, which is lower now,", "price", 9_000, "amount"],
  ] as const
) {
  test(`a plan whose ${what} changed after prepare is refused`, async (shop) => {
    const planId = await addPlan(shop, { trialDays: 7 });
    const { user, request } = await shown(shop, planId);
    const { sql } = shop.stack;
    await sql`update public.plans set ${
      sql(column)
    } = ${value} where id = ${planId}`;

    const { status, body } = await issue(shop, user, request);

    assert.deepEqual([status, body.code], [422, "payment_amount_mismatch"]);
    assert.deepEqual(
      body.details,
      termsOf(planId, { trialDays: 7, [field]: value }),
    );
  });
}

test("a price that changes while Toss registers the card: the card is kept, nothing is charged, and subscribe takes the new price once it was shown", async (shop) => {
  const planId = await addPlan(shop);
  const { user, request } = await shown(shop, planId);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    path: "/v1/billing/authorizations/issue",
  });
  assert.equal((await issue(shop, user, request)).status, 202);
  await reprice(shop, planId, 12_000);
  shop.simulator.clearFaults();
  await makeIssueDue(shop, user);
  await work(shop, "operations");

  const { status, body } = await issue(shop, user, request);

  const { data } = await user.client.from("billing_methods").select("id");
  const billingMethodId = data?.[0]?.id;
  assert.ok(billingMethodId);
  assert.deepEqual([status, body.code], [422, "payment_amount_mismatch"]);
  assert.deepEqual(
    body.details,
    termsOf(planId, { amount: 12_000, billingMethodId }),
  );
  assert.deepEqual(await chargeRows(shop, user), []);
  const refused = await subscribe(shop, user, { planId, billingMethodId });
  assert.deepEqual([refused.status, refused.body.code, refused.body.details], [
    422,
    "payment_amount_mismatch",
    termsOf(planId, { amount: 12_000, billingMethodId }),
  ]);
  await prepare(shop, user, { planId });
  const subscribed = await subscribe(shop, user, { planId, billingMethodId });
  assert.equal(subscribed.status, 201);
  assert.deepEqual(await paidAmounts(shop, user), [12_000]);
});

test("the next try after a declined first charge costs what the first one did, for the shop what the plan costs", async (shop) => {
  const planId = await addPlan(shop);
  const { user, request } = await shown(shop, planId);
  const { customerKey } = request;
  shop.simulator.declineCharges({
    customerKey,
    code: "REJECT_CARD_PAYMENT",
    count: 1,
  });
  const { body: { details } } = await issue(shop, user, request);
  await reprice(shop, planId, 12_000);

  const refused = await subscribe(shop, user, details);
  const byShop = await callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: { action: "subscribe", ...Object(details) },
  });

  assert.deepEqual([refused.status, refused.body.code], [
    422,
    "payment_amount_mismatch",
  ]);
  assert.equal(byShop.status, 201);
  assert.deepEqual(await paidAmounts(shop, user), [12_000]);
});

test("what was shown more than a day ago binds nobody who subscribes with a registered card", async (shop) => {
  const planId = await addPlan(shop);
  const { user, request: { authKey, customerKey } } = await shown(shop, planId);
  const { body } = await issue(shop, user, { authKey, customerKey });
  const { billingMethodId } = body;
  await reprice(shop, planId, 12_000);

  await advance(shop, 86_400 - 300);
  const within = await subscribe(shop, user, { planId, billingMethodId });
  await advance(shop, 600);
  const after = await subscribe(shop, user, { planId, billingMethodId });

  assert.deepEqual([within.status, after.status], [422, 201]);
  assert.deepEqual(await paidAmounts(shop, user), [12_000]);
});

test("prices that change while everybody subscribes: whoever is charged pays what was shown", async (shop) => {
  const planId = await addPlan(shop);
  const everybody = [];
  for (let number = 0; number < 8; number++) {
    everybody.push(await shown(shop, planId));
  }

  const [answers] = await Promise.all([
    Promise.all(
      everybody.map(({ user, request }) => issue(shop, user, request)),
    ),
    (async () => {
      for (let price = 10_001; price < 10_040; price++) {
        await reprice(shop, planId, price);
        await reprice(shop, planId, 10_000);
      }
    })(),
  ]);

  for (const [index, { user }] of everybody.entries()) {
    const { status = 0, body } = answers[index] ?? {};
    assert.ok([201, 422].includes(status), JSON.stringify(body));
    assert.deepEqual(
      await paidAmounts(shop, user),
      status === 201 ? [10_000] : [],
    );
  }
});

test("a card is registered without a plan, and for a plan that nobody was shown, as before", async (shop) => {
  const planId = await addPlan(shop);
  const user = await signUp(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  await reprice(shop, planId, 12_000);

  const { status } = await issue(shop, user, { authKey, customerKey, planId });

  assert.equal(status, 201);
  assert.deepEqual(await paidAmounts(shop, user), [12_000]);
});
