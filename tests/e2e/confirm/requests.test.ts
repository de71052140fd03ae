import assert from "node:assert/strict";
import { MAXIMUM_BODY_BYTES } from "../../../supabase/functions/_shared/http/access.ts";
import { confirm, startPurchase } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

const VALID = {
  paymentKey: "tosspayment-key",
  orderId: "order-0001",
  amount: 100,
};
const LIMIT = MAXIMUM_BODY_BYTES.confirm;

/** A body of `bytes` bytes that arrives in pieces, so that nobody can announce its length. */
function stream(bytes: number): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode(" ".repeat(16 * 1024));
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(piece.subarray(0, Math.min(piece.length, left)));
      left -= piece.length;
    },
  });
}

test("confirm() answers 404 for an order that does not exist", async (shop) => {
  const roundTrips = watchRoundTrips(shop);

  const { status, body } = await confirm(shop, VALID);

  assert.equal(status, 404);
  assert.equal(body.code, "order_not_found");
  assert.equal(body.action, "start_over");
  assert.deepEqual(roundTrips().toss, []);
});

test("confirm() names every missing field", async (shop) => {
  const { status, body } = await confirm(shop, {});

  assert.equal(status, 400);
  assert.equal(body.code, "invalid_request");
  assert.deepEqual(body.details, [
    { field: "paymentKey", problem: "required" },
    { field: "orderId", problem: "required" },
    { field: "amount", problem: "required" },
  ]);
});

test("confirm() refuses a field it does not know and names it", async (shop) => {
  const { status, body } = await confirm(shop, {
    ...VALID,
    paymentType: "NORMAL",
  });

  assert.equal(status, 400);
  assert.equal(body.code, "invalid_request");
  assert.deepEqual(body.details, [
    { field: "paymentType", problem: "unknown field; remove it" },
  ]);
});

const INVALID: [string, Record<string, unknown>][] = [
  ["amount", { ...VALID, amount: "100" }],
  ["amount", { ...VALID, amount: 100.5 }],
  ["amount", { ...VALID, amount: 0 }],
  ["amount", { ...VALID, amount: -100 }],
  ["amount", { ...VALID, amount: 2 ** 53 }],
  ["orderId", { ...VALID, orderId: "a b c d e f" }],
  ["orderId", { ...VALID, orderId: "short" }],
  ["orderId", { ...VALID, orderId: 123456 }],
  ["paymentKey", { ...VALID, paymentKey: "" }],
  ["paymentKey", { ...VALID, paymentKey: ".." }],
  ["paymentKey", { ...VALID, paymentKey: "with\u0000zero" }],
  ["paymentKey", { ...VALID, paymentKey: "결제" }],
  ["paymentKey", { ...VALID, paymentKey: "k".repeat(201) }],
];

test("confirm() names the field that is malformed and asks neither database nor Toss", async (shop) => {
  const roundTrips = watchRoundTrips(shop);
  for (const [field, request] of INVALID) {
    const { status, body } = await confirm(shop, request);
    const shown = JSON.stringify(request);
    assert.equal(status, 400, shown);
    assert.equal(body.code, "invalid_request", shown);
    assert.ok(Array.isArray(body.details), shown);
    assert.equal(body.details[0]?.field, field, shown);
  }
  assert.deepEqual(roundTrips(), { rest: [], toss: [] });
});

test("confirm() refuses a body that is no JSON object", async (shop) => {
  for (const body of ["", "{", "paymentKey=1", "\u{feff}{"]) {
    const answer = await callFunction(shop, "confirm", { body });
    assert.equal(answer.status, 400, body);
    assert.equal(answer.body.code, "invalid_json", body);
  }
  for (const body of ["null", "[]", "1", '"text"']) {
    const answer = await callFunction(shop, "confirm", { body });
    assert.equal(answer.status, 400, body);
    assert.equal(answer.body.code, "invalid_request", body);
  }
});

test("confirm() refuses a body above its limit whose length is announced", async (shop) => {
  const { status, body } = await callFunction(shop, "confirm", {
    body: " ".repeat(LIMIT + 1),
  });

  assert.equal(status, 413);
  assert.equal(body.code, "payload_too_large");
});

test("confirm() refuses a body above its limit whose length nobody announced", async (shop) => {
  for (const bytes of [LIMIT + 1, 256 * 1024 + 1, 2 * 1024 * 1024]) {
    const { status, body } = await callFunction(shop, "confirm", {
      body: stream(bytes),
    });
    assert.equal(status, 413);
    assert.equal(body.code, "payload_too_large");
  }
});

test("confirm() still reads a body of exactly its limit", async (shop) => {
  const json = JSON.stringify(VALID);

  const { body } = await callFunction(shop, "confirm", {
    body: json + " ".repeat(LIMIT - json.length),
  });

  assert.equal(body.code, "order_not_found");
});

test("confirm() answers a wrong method with 405 and the methods it has", async (shop) => {
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    const { status, body, headers } = await callFunction(shop, "confirm", {
      method,
    });
    assert.equal(status, 405, method);
    assert.equal(body.code, "method_not_allowed", method);
    assert.deepEqual(headers.get("allow")?.split(", ").sort(), ["GET", "POST"]);
  }
});

test("an error answer carries the request id that stands in its header", async (shop) => {
  const headers = { "x-request-id": "buyer-request-0001" };

  const { body, headers: answered } = await callFunction(shop, "confirm", {
    body: VALID,
    headers,
  });

  assert.equal(body.requestId, "buyer-request-0001");
  assert.equal(answered.get("x-request-id"), "buyer-request-0001");
});

test("an error answer speaks Korean, and English to a browser that asks for it", async (shop) => {
  const { amount: _, ...missing } = await startPurchase(shop);

  const korean = await confirm(shop, missing);
  const english = await callFunction(shop, "confirm", {
    body: missing,
    headers: { "accept-language": "en-US,ko;q=0.8" },
  });

  assert.match(String(korean.body.userMessage), /[가-힣]/);
  assert.match(String(english.body.userMessage), /^[ -~]+$/);
});
