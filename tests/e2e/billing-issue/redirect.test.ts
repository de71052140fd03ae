import assert from "node:assert/strict";
import {
  BILLING_STATE_PURPOSE,
  BILLING_STATE_SECONDS,
  writeBillingState,
} from "../../../supabase/functions/_shared/security/billing-state.ts";
import { createDerivedSigner } from "../../../supabase/functions/_shared/security/derived-signer.ts";
import {
  addPlan,
  issue,
  issueRequests,
  registerCard,
  registerInWindow,
  type Registration,
} from "../../support/billing.ts";
import { chargeRows, makeChargesDue } from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

/** The page on which the browser lands, without any credential but the address. */
async function comeBack(
  shop: Shop,
  redirectUrl: URL,
  headers: Record<string, string> = {},
): Promise<{ path: string; query: Record<string, string> }> {
  const { status, headers: answered } = await callFunction(
    shop,
    "billing-issue",
    { method: "GET", path: redirectUrl.search, headers },
  );
  assert.equal(status, 303);
  assert.equal(answered.get("referrer-policy"), "no-referrer");
  const location = new URL(answered.get("location") ?? "");
  return {
    path: location.pathname,
    query: Object.fromEntries(location.searchParams),
  };
}

function withState({ redirectUrl }: Registration, state: string | null): URL {
  const url = new URL(redirectUrl);
  if (state === null) url.searchParams.delete("state");
  else url.searchParams.set("state", state);
  return url;
}

test("the browser that comes back from the window has a registered card", async (shop) => {
  const user = await signUp(shop);
  const { redirectUrl } = await registerInWindow(shop, user);

  const page = await comeBack(shop, redirectUrl);

  assert.equal(page.path, "/payment/success");
  assert.equal(page.query.status, "issued");
  const { data } = await user.client.from("billing_methods").select();
  assert.deepEqual(data?.map(({ id }) => id), [page.query.billingMethodId]);
});

test("the plan of prepare is subscribed to, whatever the address says", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const other = await addPlan(shop, { price: 990_000 });
  const { redirectUrl } = await registerInWindow(shop, user, { planId });
  redirectUrl.searchParams.set("planId", other);

  const page = await comeBack(shop, redirectUrl);

  assert.equal(page.query.status, "active");
  assert.equal(page.query.planId, planId);
  const { data } = await user.client.from("subscriptions").select();
  assert.deepEqual(
    data?.map(({ id, plan_id }) => [id, plan_id]),
    [[page.query.subscriptionId, planId]],
  );
});

test("the same address again, also many at a time, has the same outcome and one effect", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { redirectUrl } = await registerInWindow(shop, user, { planId });
  const first = await comeBack(shop, redirectUrl);
  const before = issueRequests(shop);

  const again = await Promise.all(
    Array.from({ length: 5 }, () => comeBack(shop, redirectUrl)),
  );

  for (const page of again) assert.deepEqual(page, first);
  assert.equal(issueRequests(shop), before);
  assert.equal((await chargeRows(shop, user)).length, 1);
});

test("an app may post what the browser already brought, with the same outcome", async (shop) => {
  const user = await signUp(shop);
  const registration = await registerInWindow(shop, user);
  const { authKey, customerKey, redirectUrl } = registration;
  const page = await comeBack(shop, redirectUrl);

  const { status, body } = await issue(shop, user, { authKey, customerKey });

  assert.equal(status, 201);
  assert.equal(body.billingMethodId, page.query.billingMethodId);
});

test("without a valid state nothing is registered and Toss is not asked", async (shop) => {
  const user = await signUp(shop);
  const registration = await registerInWindow(shop, user);
  const state = registration.redirectUrl.searchParams.get("state") ?? "";
  const [payload = "", signature = ""] = state.split(".");
  const before = issueRequests(shop);
  const signer = createDerivedSigner(
    shop.stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "",
    BILLING_STATE_PURPOSE,
  );
  const asked = { userId: user.id, customerKey: registration.customerKey };
  const expired = await writeBillingState(
    signer,
    asked,
    Date.now() - BILLING_STATE_SECONDS * 1000,
  );
  const states: [string, string | null][] = [
    ["missing", null],
    ["empty", ""],
    ["unsigned", `${payload}.`],
    ["cut", state.slice(0, -5)],
    ["with another payload", `${payload.slice(0, -4)}AAAA.${signature}`],
    ["expired", expired],
  ];
  for (const [what, wrong] of states) {
    const page = await comeBack(shop, withState(registration, wrong));
    assert.equal(page.path, "/payment/fail", what);
    assert.equal(page.query.code, "unauthorized", what);
    assert.ok(page.query.message, what);
  }
  assert.equal(issueRequests(shop), before);
  const { data } = await user.client.from("billing_methods").select();
  assert.deepEqual(data, []);
  // It was the state alone: the right one still works.
  const page = await comeBack(shop, registration.redirectUrl);
  assert.equal(page.query.status, "issued");
});

test("a state does not register somebody else's card or for somebody else", async (shop) => {
  const user = await signUp(shop);
  const victim = await signUp(shop);
  const own = await registerInWindow(shop, user);
  const foreign = await registerInWindow(shop, victim);
  const ownState = own.redirectUrl.searchParams.get("state");
  const before = issueRequests(shop);

  const stolen = await comeBack(shop, withState(foreign, ownState));

  assert.equal(stolen.path, "/payment/fail");
  assert.equal(stolen.query.code, "customer_key_mismatch");
  assert.equal(issueRequests(shop), before);
  const signedIn = await comeBack(shop, own.redirectUrl, {
    authorization: `Bearer ${victim.accessToken}`,
  });
  // Whoever follows the address: the card belongs to whom the state names.
  assert.equal(signedIn.query.status, "issued");
  const { data } = await victim.client.from("billing_methods").select();
  assert.deepEqual(data, []);
});

test("a refused card leads to the fail page with our code and Toss's", async (shop) => {
  const user = await signUp(shop);
  const { redirectUrl } = await registerInWindow(shop, user);
  shop.simulator.addFault({
    kind: "status_before",
    code: "INVALID_CARD_NUMBER",
    path: "/v1/billing/authorizations/issue",
  });

  const page = await comeBack(shop, redirectUrl, { "accept-language": "en" });

  assert.equal(page.path, "/payment/fail");
  assert.equal(page.query.code, "billing_issue_failed");
  assert.equal(page.query.tossCode, "INVALID_CARD_NUMBER");
  assert.match(page.query.message ?? "", /^[\x20-\x7e]+$/);
});

test("a declined first charge leads to the fail page, and the card stays", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { redirectUrl, customerKey } = await registerInWindow(shop, user, {
    planId,
  });
  shop.simulator.declineCharges({ customerKey, code: "REJECT_CARD_PAYMENT" });

  const page = await comeBack(shop, redirectUrl);

  assert.equal(page.path, "/payment/fail");
  assert.equal(page.query.code, "payment_confirm_failed");
  assert.equal(page.query.tossCode, "REJECT_CARD_PAYMENT");
  assert.equal(page.query.action, "use_another_method");
  assert.equal(page.query.planId, planId);
  const { data } = await user.client.from("billing_methods").select();
  assert.deepEqual(data?.map(({ id }) => id), [page.query.billingMethodId]);
});

test("while the first charge is open the page knows which card and plan it waits for", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { redirectUrl } = await registerInWindow(shop, user, { planId });
  shop.simulator.addFault({
    kind: "lose_answer_after",
    pathPattern: "^/v1/billing/(?!authorizations)",
    count: "always",
  });

  const page = await comeBack(shop, redirectUrl);

  assert.equal(page.path, "/payment/success");
  const { data } = await user.client.from("billing_methods").select();
  assert.deepEqual(page.query, {
    status: "processing",
    planId,
    billingMethodId: data?.[0]?.id,
  });
  shop.simulator.clearFaults();
  await makeChargesDue(shop, user);
  await work(shop, "operations");
  assert.equal((await comeBack(shop, redirectUrl)).query.status, "active");
});

test("a refusal before the card is registered names the plan that it was for", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const late = await registerInWindow(shop, user, { planId });
  const subscribed = await registerCard(shop, user, { planId });

  const page = await comeBack(shop, late.redirectUrl);

  assert.ok(subscribed.subscription);
  assert.equal(page.path, "/payment/fail");
  assert.equal(page.query.code, "already_subscribed");
  assert.equal(page.query.planId, planId);
  assert.ok(page.query.action);
});

test("an address that lacks something is refused by name on the fail page", async (shop) => {
  const user = await signUp(shop);
  const { redirectUrl } = await registerInWindow(shop, user);
  redirectUrl.searchParams.delete("authKey");

  const page = await comeBack(shop, redirectUrl);

  assert.equal(page.query.code, "invalid_request");
});

test("a link checker's HEAD registers nothing", async (shop) => {
  const user = await signUp(shop);
  const { redirectUrl } = await registerInWindow(shop, user);
  const before = issueRequests(shop);

  const { status } = await callFunction(shop, "billing-issue", {
    method: "HEAD",
    path: redirectUrl.search,
  });

  assert.equal(status, 405);
  assert.equal(issueRequests(shop), before);
});
