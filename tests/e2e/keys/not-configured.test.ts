import assert from "node:assert/strict";
import { signUp } from "../../../stack/users.ts";
import { prepare } from "../../support/billing.ts";
import { checkout, ONE_STICKER, placeOrder } from "../../support/buy.ts";
import { type Answer, callFunction } from "../../support/call-function.ts";
import { requestAccount } from "../../support/issue-account.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { underVariables } from "../../support/other-variables.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({ environment: { ...THREE_PAIRS } });

const MAIN_OF_THE_WIDGET = {
  TOSS_SECRET_KEY: THREE_PAIRS.TOSS_WIDGET_SECRET_KEY,
  TOSS_CLIENT_KEY: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
  TOSS_WIDGET_SECRET_KEY: "",
  TOSS_WIDGET_CLIENT_KEY: "",
  TOSS_BILLING_SECRET_KEY: "",
  TOSS_BILLING_CLIENT_KEY: "",
};
const ONLY_MAIN = {
  TOSS_WIDGET_SECRET_KEY: "",
  TOSS_WIDGET_CLIENT_KEY: "",
};

function assertNotConfigured(
  { status, body }: Answer,
  variables: string[],
): void {
  assert.deepEqual([status, body.code], [500, "not_configured"]);
  const { details } = Object(body);
  assert.deepEqual(
    [...details].map(({ field }: { field: string }) => field),
    variables,
  );
  // No value of a variable stands in the answer.
  for (const key of Object.values(THREE_PAIRS)) {
    assert.equal(JSON.stringify(body).includes(key), false);
  }
}

const FAULTS: [string, Record<string, string>, string][] = [
  ["half a pair", { TOSS_WIDGET_CLIENT_KEY: "" }, "TOSS_WIDGET_CLIENT_KEY"],
  ["the other half", {
    TOSS_BILLING_SECRET_KEY: "",
  }, "TOSS_BILLING_SECRET_KEY"],
  ["mixed modes", {
    TOSS_BILLING_SECRET_KEY: "live_sk_ofbilling",
    TOSS_BILLING_CLIENT_KEY: "live_ck_ofbilling",
  }, "TOSS_BILLING_SECRET_KEY"],
  ["API keys for the widget", {
    TOSS_WIDGET_SECRET_KEY: "test_sk_ofthewidget",
    TOSS_WIDGET_CLIENT_KEY: "test_ck_ofthewidget",
  }, "TOSS_WIDGET_SECRET_KEY"],
  ["widget keys for billing", {
    TOSS_BILLING_SECRET_KEY: "test_gsk_ofbilling",
    TOSS_BILLING_CLIENT_KEY: "test_gck_ofbilling",
  }, "TOSS_BILLING_SECRET_KEY"],
];
for (const [what, variables, named] of FAULTS) {
  test(`${what}: every function answers not_configured and names the variable`, async (shop) => {
    await underVariables(shop, variables, async (wrong) => {
      for (
        const name of [
          "checkout",
          "confirm",
          "cancel",
          "virtual-account",
          "billing-issue",
          "billing-charge",
          "subscription",
          "webhook",
          "worker",
        ]
      ) {
        const answer = await callFunction(wrong, name, { body: {} });
        assertNotConfigured(answer, [named]);
      }
      const health = await callFunction(wrong, "health", { method: "GET" });
      assertNotConfigured(health, [named]);
    });
  });
}

test("a ui that no pair serves is not_configured, and makes no order", async (shop) => {
  const count = async () =>
    (await shop.stack.sql`select from public.orders`).length;
  const before = await count();
  await underVariables(shop, ONLY_MAIN, async (wrong) => {
    const answer = await checkout(wrong, { ...ONE_STICKER, ui: "widget" });
    assertNotConfigured(answer, [
      "TOSS_WIDGET_SECRET_KEY",
      "TOSS_WIDGET_CLIENT_KEY",
    ]);
    assert.equal((await checkout(wrong, ONE_STICKER)).status, 201);
  });
  await underVariables(shop, MAIN_OF_THE_WIDGET, async (wrong) => {
    const answer = await checkout(wrong, { ...ONE_STICKER, ui: "window" });
    assertNotConfigured(answer, ["TOSS_SECRET_KEY", "TOSS_CLIENT_KEY"]);
    const { status, body } = await checkout(wrong, ONE_STICKER);
    assert.deepEqual(
      [status, body.clientKey],
      [201, THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY],
    );
  });
  assert.equal(await count(), before + 2);
});

test("accounts and cards need API keys: a project of the widget alone is told which variables", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const user = await signUp(shop);
  await underVariables(shop, MAIN_OF_THE_WIDGET, async (wrong) => {
    assertNotConfigured(await requestAccount(wrong, { orderId }), [
      "TOSS_SECRET_KEY",
      "TOSS_CLIENT_KEY",
    ]);
    assertNotConfigured(await prepare(wrong, user), [
      "TOSS_BILLING_SECRET_KEY",
      "TOSS_BILLING_CLIENT_KEY",
    ]);
  });
});
