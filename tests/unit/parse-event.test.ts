import assert from "node:assert/strict";
import { parseEvent } from "../../supabase/functions/_shared/webhooks/parse-event.ts";
import { storableJson } from "../../supabase/functions/_shared/webhooks/storable-json.ts";

Deno.test("parseEvent() reads PAYMENT_STATUS_CHANGED", () => {
  const event = parseEvent({
    eventType: "PAYMENT_STATUS_CHANGED",
    createdAt: "2026-11-21T10:00:00.12345",
    data: { orderId: "order_1", paymentKey: "key+/=1", status: "DONE" },
  });
  assert.deepEqual(event, {
    eventType: "PAYMENT_STATUS_CHANGED",
    kind: "payment",
    isSigned: false,
    orderId: "order_1",
    paymentKey: "key+/=1",
    transactionKey: null,
    entityId: null,
    secret: null,
    billingKey: null,
  });
});

Deno.test("parseEvent() knows a DEPOSIT_CALLBACK by its shape", () => {
  const event = parseEvent({
    createdAt: "2026-11-21T10:00:00",
    secret: "ps_x",
    status: "DONE",
    transactionKey: "t",
    orderId: "order_1",
  });
  assert.equal(event.eventType, "DEPOSIT_CALLBACK");
  assert.equal(event.orderId, "order_1");
});

Deno.test("parseEvent() takes no identifier that could not be one", () => {
  for (
    const [orderId, paymentKey] of [
      ["a b c d e f", ".."],
      ["x".repeat(65), "k".repeat(201)],
      [7, { nested: true }],
      ["주문번호주문번호", ""],
    ]
  ) {
    const event = parseEvent({
      eventType: "PAYMENT_STATUS_CHANGED",
      data: { orderId, paymentKey },
    });
    assert.equal(event.orderId, null);
    assert.equal(event.paymentKey, null);
  }
});

Deno.test("parseEvent() stores what it does not know", () => {
  for (
    const body of [
      {},
      { eventType: "SOMETHING_NEW", data: {} },
      { eventType: "__proto__", data: {} },
      { eventType: "constructor", data: {} },
      { eventType: 5, data: "text" },
    ]
  ) {
    assert.equal(parseEvent(body).kind, "none");
  }
});

Deno.test("storableJson() leaves nothing that jsonb refuses", () => {
  const stored = storableJson({
    "key\0": ["a\0b", "\ud800", "한글", 1, null, true],
  });
  assert.deepEqual(stored, {
    "key\uFFFD": ["a\uFFFDb", "\uFFFD", "한글", 1, null, true],
  });
});

Deno.test("storableJson() ends a body that is nested without end", () => {
  let deep: unknown = "bottom";
  for (let depth = 0; depth < 5_000; depth++) deep = [deep];
  assert.ok(JSON.stringify(storableJson(deep)).includes("nested too deeply"));
});
