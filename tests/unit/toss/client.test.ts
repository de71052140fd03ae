import assert from "node:assert/strict";
import { createTossClient } from "../../../supabase/functions/_shared/toss/client.ts";
import { paymentJson } from "../support/payment-json.ts";
import { type RawReply, startRawServer } from "../support/raw-server.ts";

const SECRET_KEY = "test_sk_000000secret000000";
const PAYMENT_KEY = "pay_20260102030405abcde";
const CONFIRM = {
  paymentKey: PAYMENT_KEY,
  orderId: "order_000001",
  amount: 15_000,
};
const KEY = { idempotencyKey: "confirm:order_000001:1" };

type Log = [string, Record<string, unknown>];

function clientFor(url: string, options: { timeoutMs?: number } = {}) {
  const logs: Log[] = [];
  const write = (event: string, fields: Record<string, unknown>) => {
    logs.push([event, fields]);
  };
  const client = createTossClient({
    secretKey: SECRET_KEY,
    baseUrl: url,
    timeoutMs: options.timeoutMs ?? 5_000,
    logger: { info: write, warn: write, error: write },
  });
  return { client, logs };
}

async function confirmAgainst(reply: RawReply, timeoutMs = 5_000) {
  await using server = startRawServer(() => reply);
  const { client, logs } = clientFor(server.url, { timeoutMs });
  const outcome = await client.confirm(CONFIRM, KEY);
  const shown = JSON.stringify([outcome, logs]);
  assert.equal(shown.includes(SECRET_KEY), false);
  assert.equal(shown.includes(btoa(`${SECRET_KEY}:`)), false);
  return { outcome, requests: server.requests, logs };
}

const error = (status: number, code: string): RawReply => ({
  status,
  body: JSON.stringify({ code, message: "안내" }),
});
const done = (changes: Record<string, unknown> = {}): RawReply => ({
  body: JSON.stringify(paymentJson(changes)),
});

Deno.test("an answer with fields that cannot be read counts, and is counted in the log without its values", async () => {
  const json = paymentJson({
    version: "1.4",
    card: { number: { secret: "4330" } },
    cancels: [],
    failure: "secret",
  });
  await using server = startRawServer(() => ({ body: JSON.stringify(json) }));
  const { client, logs } = clientFor(server.url);
  const outcome = await client.getPayment(String(json.paymentKey));
  assert.equal(outcome.kind, "answered");
  const line = logs.find(([event]) => event === "toss_fields_unread")?.[1];
  assert.deepEqual(line, {
    operation: "get_payment",
    fields: ["card.number", "failure"],
    count: 2,
    apiVersion: "1.4",
    traceId: null,
  });
  assert.ok(!JSON.stringify(logs).includes("secret"));
});

Deno.test("confirm() sends what Toss asks for and returns the payment", async () => {
  const { outcome, requests, logs } = await confirmAgainst({
    ...done(),
    headers: { "x-tosspayments-trace-id": "trace-1" },
  });
  assert.equal(outcome.kind, "answered");
  assert.equal(outcome.traceId, "trace-1");
  assert.ok(
    outcome.kind === "answered" && outcome.value.totalAmount === 15_000,
  );
  assert.equal(requests.length, 1);
  const [request] = requests;
  assert.equal(request?.method, "POST");
  assert.equal(request?.path, "/v1/payments/confirm");
  assert.deepEqual(JSON.parse(request?.body ?? ""), CONFIRM);
  assert.equal(request?.headers.get("content-type"), "application/json");
  assert.equal(request?.headers.get("idempotency-key"), KEY.idempotencyKey);
  assert.equal(
    atob(request?.headers.get("authorization")?.slice("Basic ".length) ?? ""),
    `${SECRET_KEY}:`,
  );
  assert.equal(logs[0]?.[1]["operation"], "confirm");
});

const refusals: [number, string, string][] = [
  [403, "REJECT_CARD_PAYMENT", "customer"],
  [400, "ALREADY_PROCESSED_PAYMENT", "already_done"],
  [404, "NOT_FOUND_PAYMENT_SESSION", "session_expired"],
  [401, "UNAUTHORIZED_KEY", "configuration"],
  [403, "NOT_AVAILABLE_BANK", "later"],
  [400, "CODE_FROM_NEXT_YEAR", "request"],
];
for (const [status, code, expected] of refusals) {
  Deno.test(`confirm() reports ${code} as refused, class ${expected}`, async () => {
    const { outcome } = await confirmAgainst(error(status, code));
    assert.ok(outcome.kind === "refused");
    assert.equal(outcome.status, status);
    assert.equal(outcome.code, code);
    assert.equal(outcome.message, "안내");
    assert.equal(outcome.failure.class, expected);
  });
}

const html: RawReply = {
  body: "<html>busy</html>",
  headers: { "content-type": "text/html" },
};
const unknowns: [string, RawReply, string, boolean][] = [
  [
    "a 500 with a code",
    error(500, "FAILED_INTERNAL_SYSTEM_PROCESSING"),
    "server_error",
    true,
  ],
  [
    "a 500 with a decline's code",
    error(500, "REJECT_CARD_PAYMENT"),
    "server_error",
    true,
  ],
  ["a proxy's 502", { ...html, status: 502 }, "server_error", false],
  ["a proxy's 403", { ...html, status: 403 }, "unreadable", false],
  [
    "PROVIDER_ERROR, although it is a 400",
    error(400, "PROVIDER_ERROR"),
    "temporary",
    true,
  ],
  [
    "CARD_PROCESSING_ERROR, although it is a 400",
    error(400, "CARD_PROCESSING_ERROR"),
    "temporary",
    true,
  ],
  [
    "the same key still being processed",
    error(409, "IDEMPOTENT_REQUEST_PROCESSING"),
    "in_progress",
    false,
  ],
  ["a 429", error(429, "TOO_MANY"), "rate_limited", true],
  ["a 429 without a body", { status: 429 }, "rate_limited", false],
  [
    "FORBIDDEN_CONSECUTIVE_REQUEST",
    error(403, "FORBIDDEN_CONSECUTIVE_REQUEST"),
    "rate_limited",
    true,
  ],
  ["a 200 with garbage", html, "unreadable", false],
  ["a 200 with nothing", { body: "" }, "unreadable", false],
  [
    "a 200 in another encoding",
    { body: new Uint8Array([0x7b, 0xff, 0x7d]) },
    "unreadable",
    false,
  ],
  ["a 200 with another object", { body: '{"ok":true}' }, "unreadable", false],
  ["a 200 with half a won", done({ totalAmount: 0.5 }), "unreadable", false],
  [
    "a 200 about another order",
    done({ orderId: "order_000002" }),
    "unreadable",
    false,
  ],
  [
    "a 204",
    { status: 204, headers: { "content-length": "0" } },
    "unreadable",
    false,
  ],
  [
    "a payment in an endless body",
    { body: JSON.stringify(paymentJson()) + " ".repeat(1_100_000) },
    "unreadable",
    false,
  ],
  ["a body cut in half", { ...done(), bodyBytes: 40 }, "network", false],
  ["a connection closed without an answer", { silent: true }, "network", false],
];
for (const [what, reply, reason, answered] of unknowns) {
  Deno.test(`confirm() reports ${what} as unknown, ${reason}`, async () => {
    const { outcome } = await confirmAgainst(reply);
    assert.ok(outcome.kind === "unknown", outcome.kind);
    assert.equal(outcome.reason, reason);
    assert.equal(outcome.answered, answered);
  });
}

Deno.test("confirm() gives up when no answer begins in time", async () => {
  const reply: RawReply = { silent: true, then: "hold" };
  const { outcome } = await confirmAgainst(reply, 150);
  assert.ok(outcome.kind === "unknown");
  assert.equal(outcome.reason, "timeout");
  assert.equal(outcome.answered, false);
});

Deno.test("confirm() gives up when the body stops in the middle", async () => {
  const reply: RawReply = { ...done(), bodyBytes: 40, then: "hold" };
  const { outcome } = await confirmAgainst(reply, 150);
  assert.ok(outcome.kind === "unknown");
  assert.equal(outcome.reason, "timeout");
});

Deno.test("confirm() does not follow a redirect with the secret key", async () => {
  await using other = startRawServer(() => done());
  const { outcome } = await confirmAgainst({
    status: 307,
    headers: { location: `${other.url}/v1/payments/confirm` },
  });
  assert.ok(outcome.kind === "unknown");
  assert.equal(outcome.reason, "unreadable");
  assert.equal(other.requests.length, 0);
});

Deno.test("confirm() reports a server that does not listen as unknown", async () => {
  const server = startRawServer(() => done());
  await server[Symbol.asyncDispose]();
  const { client } = clientFor(server.url);
  const outcome = await client.confirm(CONFIRM, KEY);
  assert.ok(outcome.kind === "unknown" && outcome.reason === "network");
});

Deno.test("confirm() refuses an idempotency key that no header can carry", async () => {
  const { client } = clientFor("http://127.0.0.1:9");
  for (const idempotencyKey of ["", "키", "a\nb", "a".repeat(301)]) {
    await assert.rejects(
      client.confirm(CONFIRM, { idempotencyKey }),
      RangeError,
    );
  }
});

Deno.test("cancel() sends the body to the payment's own address", async () => {
  const paymentKey = "a/b?c=ㄱ#";
  await using server = startRawServer(() => done({ paymentKey }));
  const { client } = clientFor(server.url);
  const body = { cancelReason: "변심", cancelAmount: 5_000 };
  const outcome = await client.cancel(paymentKey, body, KEY);
  assert.equal(outcome.kind, "answered");
  const [request] = server.requests;
  assert.equal(request?.path, "/v1/payments/a%2Fb%3Fc%3D%E3%84%B1%23/cancel");
  assert.deepEqual(JSON.parse(request?.body ?? ""), body);
  assert.equal(request?.headers.get("idempotency-key"), KEY.idempotencyKey);
});

Deno.test("getPayment() sends neither a body nor an idempotency key", async () => {
  await using server = startRawServer(() => done());
  const { client } = clientFor(server.url);
  const outcome = await client.getPayment(PAYMENT_KEY);
  assert.equal(outcome.kind, "answered");
  const [request] = server.requests;
  assert.equal(
    `${request?.method} ${request?.path}`,
    `GET /v1/payments/${PAYMENT_KEY}`,
  );
  assert.equal(request?.headers.has("idempotency-key"), false);
  assert.equal(request?.headers.has("content-type"), false);
});

const lookups: [RawReply, string][] = [
  [error(404, "NOT_FOUND_PAYMENT"), "not_found"],
  [error(404, "NOT_FOUND_PAYMENT_SESSION"), "not_found"],
  [error(404, "NOT_FOUND"), "refused"],
  [error(400, "NOT_FOUND_PAYMENT"), "refused"],
  [error(401, "UNAUTHORIZED_KEY"), "refused"],
  [{ ...html, status: 404 }, "unknown"],
  [error(503, "NOT_FOUND_PAYMENT"), "unknown"],
];
for (const [reply, expected] of lookups) {
  Deno.test(`getPaymentByOrder() calls ${reply.status} ${reply.body} ${expected}`, async () => {
    await using server = startRawServer(() => reply);
    const { client } = clientFor(server.url);
    const outcome = await client.getPaymentByOrder("order_000001");
    assert.equal(outcome.kind, expected);
    assert.equal(server.requests[0]?.path, "/v1/payments/orders/order_000001");
  });
}

Deno.test("getPayment() refuses identifiers that would change the address", async () => {
  await using server = startRawServer(() => done());
  const { client } = clientFor(server.url);
  for (const paymentKey of ["", ".", "..", "\ud800", "a".repeat(301)]) {
    await assert.rejects(client.getPayment(paymentKey), RangeError);
  }
  assert.equal(server.requests.length, 0);
});
