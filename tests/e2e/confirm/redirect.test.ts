import assert from "node:assert/strict";
import {
  buy,
  confirm,
  type Purchase,
  startPurchase,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  auditEvents,
  makeOperationDue,
  orderRow,
} from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, confirmRequests } from "../../support/toss-side.ts";
import { withoutWebhooks } from "../../support/webhooks.ts";

const APP_URL = "https://shop.example";
const test = shopTests({
  environment: {
    APP_URL,
    APP_SUCCESS_PATH: "/orders/done?lang=ko",
    APP_FAIL_PATH: "/orders/failed",
  },
});

interface Landing {
  path: string;
  query: Record<string, string>;
  headers: Headers;
}

/** Follows Toss's redirect to the success URL and says where the browser is sent. */
async function land(
  shop: Shop,
  query: Record<string, unknown>,
  language?: string,
): Promise<Landing> {
  const texts = Object.entries(query).map((
    [name, value],
  ) => [name, `${value}`]);
  const { status, headers } = await callFunction(shop, "confirm", {
    method: "GET",
    path: `?${new URLSearchParams(texts)}`,
    headers: language ? { "accept-language": language } : {},
  });
  assert.equal(status, 303);
  const location = new URL(headers.get("location") ?? "");
  assert.equal(location.origin, APP_URL);
  return {
    path: location.pathname,
    query: Object.fromEntries(location.searchParams),
    headers,
  };
}

async function landOnFailure(shop: Shop, query: Record<string, unknown>) {
  const { path, query: landed } = await land(shop, query);
  assert.equal(path, "/orders/failed");
  return landed;
}

test("GET confirm approves the payment and sends the browser to the success page", async (shop) => {
  const purchase = await startPurchase(shop);

  const { path, query, headers } = await land(shop, {
    ...purchase,
    paymentType: "NORMAL",
  });

  assert.equal(path, "/orders/done");
  assert.deepEqual(query, {
    lang: "ko",
    orderId: purchase.orderId,
    status: "confirmed",
  });
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
});

test("GET confirm does not put the paymentKey on the shop's page", async (shop) => {
  const purchase = await startPurchase(shop);

  const { query } = await land(shop, { ...purchase });

  assert.ok(!Object.values(query).includes(purchase.paymentKey));
});

test("GET confirm lands on the same page again when it is reloaded", async (shop) => {
  const purchase: Purchase = await startPurchase(shop);
  const first = await land(shop, { ...purchase });
  const asked = confirmRequests(shop).length;

  const again = await land(shop, { ...purchase });

  assert.deepEqual(again.query, first.query);
  assert.equal(again.path, first.path);
  assert.equal(confirmRequests(shop).length, asked);
});

test("GET and POST confirm of one payment agree", async (shop) => {
  const purchase = await buy(shop);

  const { query } = await land(shop, { ...purchase });

  assert.equal(query.status, "confirmed");
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("GET confirm tells the success page that an outcome is not known yet", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({ kind: "lose_answer_after", count: "always" });

  const { path, query } = await land(shop, { ...purchase });

  assert.equal(path, "/orders/done");
  assert.equal(query.status, "processing");
  shop.simulator.clearFaults();
  await makeOperationDue(shop, purchase.orderId);
  const reloaded = await land(shop, { ...purchase });
  assert.equal(reloaded.query.status, "confirmed");
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
});

test("GET confirm sends a declined buyer to the fail page with our code and Toss's", async (shop) => {
  const purchase = await startPurchase(shop);
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_COMPANY");

  const { message, ...query } = await landOnFailure(shop, { ...purchase });

  assert.deepEqual(query, {
    code: "payment_confirm_failed",
    action: "use_another_method",
    orderId: purchase.orderId,
    tossCode: "REJECT_CARD_COMPANY",
  });
  assert.match(String(message), /[가-힣]/);
  // A reload of the address tells the same and asks nothing.
  const asked = confirmRequests(shop).length;
  const again = await landOnFailure(shop, { ...purchase });
  assert.deepEqual(again, { ...query, message });
  assert.equal(confirmRequests(shop).length, asked);
});

test("GET confirm speaks English to a browser that asks for it", async (shop) => {
  const purchase = await startPurchase(shop);
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_COMPANY");

  const { query } = await land(
    shop,
    { ...purchase },
    "en-GB,en;q=0.9,ko;q=0.8",
  );

  assert.match(String(query.message), /^[ -~]+$/);
});

test("GET confirm refuses an amount that the buyer has changed", async (shop) => {
  const purchase = await startPurchase(shop);
  const asked = confirmRequests(shop).length;

  const query = await landOnFailure(shop, { ...purchase, amount: 1 });

  assert.equal(query.code, "payment_amount_mismatch");
  assert.equal(query.action, "start_over");
  assert.equal(query.orderId, purchase.orderId);
  assert.equal(query.tossCode, undefined);
  assert.equal(confirmRequests(shop).length, asked);
  const events = await auditEvents(shop, purchase.orderId);
  assert.ok(events.includes("amount_mismatch"));
});

test("GET confirm sends whatever is malformed to the fail page", async (shop) => {
  const valid = {
    paymentKey: "tosspayment",
    orderId: "order-0001",
    amount: 100,
  };
  const queries: [Record<string, unknown>, string][] = [
    [{}, "invalid_request"],
    [{ ...valid, amount: "100원" }, "invalid_request"],
    [{ ...valid, amount: "1e3" }, "invalid_request"],
    [{ ...valid, orderId: "<script>" }, "invalid_request"],
    [valid, "order_not_found"],
  ];
  for (const [query, code] of queries) {
    assert.equal((await landOnFailure(shop, query)).code, code);
  }
});

test("GET confirm sends the browser to the fail page when the database is away", async (shop) => {
  const { stack } = shop;
  const purchase = await startPurchase(shop);
  await stack.sql`
    revoke execute on function public.begin_confirmation(jsonb) from service_role`;
  try {
    const query = await landOnFailure(shop, { ...purchase });
    assert.equal(query.code, "storage_unavailable");
  } finally {
    await stack.sql`
      grant execute on function public.begin_confirmation(jsonb) to service_role`;
  }
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("HEAD confirm answers 405 and confirms nothing", async (shop) => {
  const purchase = await startPurchase(shop);
  const before = confirmRequests(shop).length;
  const texts = { ...purchase, amount: `${purchase.amount}` };

  const { status, headers } = await callFunction(shop, "confirm", {
    method: "HEAD",
    path: `?${new URLSearchParams(texts)}`,
  });

  assert.equal(status, 405);
  assert.deepEqual(headers.get("allow")?.split(", ").sort(), ["GET", "POST"]);
  assert.equal(confirmRequests(shop).length, before);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "pending");
  assert.equal((await confirm(shop, purchase)).status, 200);
});
