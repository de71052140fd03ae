import assert from "node:assert/strict";
import { EVENTS } from "../../../supabase/functions/_shared/webhooks/events.ts";
import { parseEvent } from "../../../supabase/functions/_shared/webhooks/parse-event.ts";
import { storableJson } from "../../../supabase/functions/_shared/webhooks/storable-json.ts";
import { fixture } from "../../support/webhook-scenes/scene.ts";

Deno.test("parseEvent() reads PAYMENT_STATUS_CHANGED", () => {
  const event = parseEvent({
    eventType: "PAYMENT_STATUS_CHANGED",
    createdAt: "2026-11-21T10:00:00.12345",
    data: { orderId: "order_1", paymentKey: "key+/=1", status: "DONE" },
  });
  assert.deepEqual(event, {
    eventType: "PAYMENT_STATUS_CHANGED",
    kind: "payment",
    orderId: "order_1",
    paymentKey: "key+/=1",
    transactionKey: null,
    entityId: null,
    secret: null,
    billingKey: null,
  });
});

const VALUES = {
  ORDER_ID: "order_1",
  PAYMENT_KEY: "payment_1",
  TRANSACTION_KEY: "transaction_1",
  SECRET: "ps_1",
  BILLING_KEY: "billing_1",
  ENTITY_ID: "entity_1",
};

for (
  const [name, { kind, fields, envelope }] of Object.entries(EVENTS)
) {
  Deno.test(`parseEvent() reads ${name} in every envelope`, () => {
    const official = fixture(name, VALUES);
    const event = parseEvent(official);
    assert.equal(event.eventType, name);
    assert.equal(event.kind, kind);
    for (const field of ["transactionKey", "secret", "billingKey"] as const) {
      assert.equal(event[field] !== null, field in fields, field);
    }
    if (kind === "payment") assert.equal(event.paymentKey, "payment_1");
    if (kind === "record") assert.equal(event.entityId, "entity_1");

    const {
      eventType: _name,
      event: _event,
      type: _type,
      data,
      entityBody,
      ...rest
    } = official;
    const content = { ...rest, ...Object(data ?? entityBody ?? {}) };
    const shapes = [
      { eventType: name, data: content },
      { eventType: name, entityType: "x", entityBody: content },
      { eventType: name, ...content },
      { event: name, data: content },
    ];
    for (const shape of shapes) {
      assert.deepEqual(
        parseEvent(shape),
        event,
        `${envelope} as ${Object.keys(shape)}`,
      );
    }
  });
}

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

Deno.test("parseEvent() knows a DEPOSIT_CALLBACK by what it is about, whatever else is missing or odd", () => {
  const notice = { secret: "ps_x", status: "DONE", orderId: "order_1" };
  for (
    const body of [
      notice,
      { ...notice, transactionKey: null },
      { ...notice, transactionKey: 7, createdAt: {} },
      { ...notice, eventType: "" },
      { ...notice, eventType: null },
      { data: notice },
      { entityBody: notice },
    ]
  ) {
    const event = parseEvent(body);
    assert.equal(event.eventType, "DEPOSIT_CALLBACK", JSON.stringify(body));
    assert.equal(event.kind, "deposit");
    assert.equal(event.orderId, "order_1");
    assert.equal(event.secret, "ps_x");
  }
  for (const name of ["secret", "status", "orderId"]) {
    for (const value of [undefined, null, "", 7, {}]) {
      const body = { ...notice, transactionKey: "t", [name]: value };
      assert.equal(parseEvent(body).kind, "none", name);
    }
  }
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
