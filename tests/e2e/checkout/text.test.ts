import assert from "node:assert/strict";
import { checkout, ONE_STICKER, placeOrder } from "../../support/buy.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

/** What JSON can spell and Postgres cannot store. */
const UNSTORABLE = {
  "a zero byte": "a\u0000b",
  "the first half of a character": "a\ud83d",
  "the second half of a character": "\udfffa",
};

const FIELDS: [string, (text: string) => Record<string, unknown>][] = [
  ["customerName", (text) => ({ ...ONE_STICKER, customerName: text })],
  ["metadata.note", (text) => ({ ...ONE_STICKER, metadata: { note: text } })],
  ["metadata", (text) => ({ ...ONE_STICKER, metadata: { [text]: "note" } })],
  [
    "items.0.productId",
    (text) => ({ items: [{ productId: text, quantity: 1 }] }),
  ],
  ["planId", (text) => ({ planId: text })],
];

for (const [what, text] of Object.entries(UNSTORABLE)) {
  test(`checkout names the field that holds ${what}, and asks the database nothing`, async (shop) => {
    const roundTrips = watchRoundTrips(shop);
    for (const [field, request] of FIELDS) {
      const { status, body } = await checkout(shop, request(text));
      assert.equal(status, 400, field);
      assert.equal(body.code, "invalid_request", field);
      assert.equal(body.retryable, false, field);
      assert.ok(Array.isArray(body.details), field);
      assert.ok(String(body.details[0]?.field).startsWith(field), field);
    }
    assert.deepEqual(roundTrips().rest, []);
  });
}

test("checkout stores a name and metadata of any script, and an empty value", async (shop) => {
  const customerName = "홍길동 𝒜🍊\n";
  const metadata = { 메모: "문 앞 🚪", empty: "" };

  const { orderId } = await placeOrder(shop, {
    ...ONE_STICKER,
    customerName,
    metadata,
  });

  const [row] = await shop.stack.sql`
    select customer_name, metadata from public.orders where id = ${orderId}`;
  assert.deepEqual(row, { customer_name: customerName, metadata });
});
