import assert from "node:assert/strict";
import { ERROR_CODES } from "../../simulator/error-codes.ts";
import { call, confirm, refusal } from "./toss-client.ts";
import { MINUTE, ORDER, withSimulator } from "./with-simulator.ts";

const CONFIRM = "POST /v1/payments/confirm";
const UNKNOWN = { paymentKey: "unknown", ...ORDER };
const KEY = { "idempotency-key": "key-1" };
const DAY = 24 * 60 * MINUTE;

Deno.test("simulator §12.2 checks the key before the Idempotency-Key", async () => {
  await withSimulator(async (simulator) => {
    const headers = { "idempotency-key": "k".repeat(301) };
    const extra = { headers, secretKey: "test_sk_other", body: UNKNOWN };
    const result = await call(simulator, CONFIRM, extra);
    assert.equal(refusal(result), "401 UNAUTHORIZED_KEY");
  });
});

Deno.test("simulator §12.2 checks the Idempotency-Key before the test code", async () => {
  await withSimulator(async (simulator) => {
    const headers = {
      "idempotency-key": "k".repeat(301),
      "tosspayments-test-code": "REJECT_CARD_PAYMENT",
    };
    const result = await call(simulator, CONFIRM, { headers, body: UNKNOWN });
    assert.equal(refusal(result), "400 INVALID_IDEMPOTENCY_KEY");
    const longest = { "idempotency-key": "k".repeat(300) };
    const accepted = await call(simulator, CONFIRM, {
      headers: longest,
      body: UNKNOWN,
    });
    assert.equal(refusal(accepted), "404 NOT_FOUND_PAYMENT");
  });
});

Deno.test("simulator §12.2 obeys the test code before body and paymentKey", async () => {
  await withSimulator(async (simulator) => {
    for (const [code, { status, korean }] of ERROR_CODES) {
      const headers = { "tosspayments-test-code": code };
      const result = await call(simulator, CONFIRM, { headers, body: {} });
      assert.equal(refusal(result), `${status} ${code}`);
      assert.equal(result.json.message, korean);
    }
  });
});

Deno.test("simulator §12.2 refuses an unknown test code", async () => {
  await withSimulator(async (simulator) => {
    const headers = { "tosspayments-test-code": "NO_SUCH_CODE" };
    const result = await call(simulator, CONFIRM, { headers, body: {} });
    assert.equal(refusal(result), "400 INVALID_TEST_CODE");
  });
});

Deno.test("simulator §12.2 ignores the test code for live keys", async () => {
  const secretKeys = [{ secretKey: "live_sk_a", clientKey: "live_ck_a" }];
  await withSimulator(async (simulator) => {
    const headers = { "tosspayments-test-code": "REJECT_CARD_PAYMENT" };
    const result = await call(simulator, CONFIRM, { headers, body: UNKNOWN });
    assert.equal(refusal(result), "404 NOT_FOUND_PAYMENT");
  }, { secretKeys });
});

Deno.test("simulator §12.3 replays a success without a second effect", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const first = await confirm(simulator, payment, { headers: KEY });
    const second = await confirm(simulator, payment, { headers: KEY });
    assert.equal(first.status, 200);
    assert.equal(second.status, 200);
    assert.equal(second.text, first.text);
    assert.equal(simulator.books()[0]?.approvals, 1);
  });
});

Deno.test("simulator §12.3 replays a 4xx byte for byte, whatever the body", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const wrong = { ...payment, amount: 1 };
    const first = await confirm(simulator, wrong, { headers: KEY });
    const second = await confirm(simulator, payment, { headers: KEY });
    assert.equal(refusal(first), "400 INVALID_REQUEST");
    assert.equal(second.status, 400);
    assert.equal(second.text, first.text);
    const fresh = await confirm(simulator, payment, {
      headers: { "idempotency-key": "key-2" },
    });
    assert.equal(fresh.status, 200);
  });
});

Deno.test("simulator §12.3 echoes the key and shows two trace ids on a replay", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const first = await confirm(simulator, payment, { headers: KEY });
    const second = await confirm(simulator, payment, { headers: KEY });
    assert.equal(first.headers.get("idempotency-key"), "key-1");
    assert.equal(second.headers.get("idempotency-key"), "key-1");
    const firstTrace = first.headers.get("x-tosspayments-trace-id") ?? "";
    const both = second.headers.get("x-tosspayments-trace-id")?.split(",");
    assert.equal(both?.length, 2);
    assert.equal(both?.[0], firstTrace);
  });
});

Deno.test("simulator §12.3 keeps the key per path and ignores it on GET", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const path = `/v1/payments/${payment.paymentKey}`;
    const before = await call(simulator, `GET ${path}`, { headers: KEY });
    await confirm(simulator, payment, { headers: KEY });
    const after = await call(simulator, `GET ${path}`, { headers: KEY });
    assert.equal(before.json.status, "IN_PROGRESS");
    assert.equal(after.json.status, "DONE");
    const canceled = await call(simulator, `POST ${path}/cancel`, {
      headers: KEY,
      body: { cancelReason: "changed mind" },
    });
    assert.equal(canceled.json.status, "CANCELED");
  });
});

Deno.test("simulator §12.3 answers 409 while the first request runs", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "delay_before", milliseconds: 300 });
    const running = confirm(simulator, payment, { headers: KEY });
    let second = await confirm(simulator, payment, { headers: KEY });
    // Whichever request arrives first is the one that is held.
    let first = await running;
    if (first.status === 409) [first, second] = [second, first];
    assert.equal(refusal(second), "409 IDEMPOTENT_REQUEST_PROCESSING");
    assert.equal(first.status, 200);
    const third = await confirm(simulator, payment, { headers: KEY });
    assert.equal(third.text, first.text);
  });
});

Deno.test("simulator §12.3 forgets a key after 15 days of the virtual clock", async () => {
  await withSimulator(async (simulator) => {
    const headers = KEY;
    const first = await call(simulator, CONFIRM, { headers, body: UNKNOWN });
    assert.equal(refusal(first), "404 NOT_FOUND_PAYMENT");
    await simulator.advance(15 * DAY - MINUTE);
    const payment = simulator.createPayment(ORDER);
    const kept = await confirm(simulator, payment, { headers });
    assert.equal(refusal(kept), "404 NOT_FOUND_PAYMENT");
    await simulator.advance(MINUTE);
    const fresh = await confirm(simulator, payment, { headers });
    assert.equal(fresh.status, 200);
  });
});

Deno.test("simulator §12.3 replays a 5xx only when the knob says so", async () => {
  for (const cacheServerErrors of [false, true]) {
    await withSimulator(async (simulator) => {
      const payment = simulator.createPayment(ORDER);
      simulator.addFault({ kind: "status_before", code: "COMMON_ERROR" });
      const first = await confirm(simulator, payment, { headers: KEY });
      assert.equal(refusal(first), "500 COMMON_ERROR");
      const second = await confirm(simulator, payment, { headers: KEY });
      assert.equal(second.status, cacheServerErrors ? 500 : 200);
    }, { cacheServerErrors });
  }
});

const GATEWAY_FAULTS = [
  { code: "UNAUTHORIZED_KEY" },
  { code: "IDEMPOTENT_REQUEST_PROCESSING" },
  { code: "TOO_MANY_REQUESTS", status: 429 },
  { code: "BAD_GATEWAY", status: 502 },
  { code: "SERVICE_UNAVAILABLE", status: 503 },
  { code: "GATEWAY_TIMEOUT", status: 504 },
];

for (const fault of GATEWAY_FAULTS) {
  Deno.test(`simulator §12.3 forgets ${fault.code}, which came from before the application`, async () => {
    const options = { cacheServerErrors: true };
    await withSimulator(async (simulator) => {
      const payment = simulator.createPayment(ORDER);
      const send = () => confirm(simulator, payment, { headers: KEY });
      simulator.addFault({ kind: "status_before", ...fault });
      assert.equal((await send()).json.code, fault.code);
      assert.equal(simulator.books()[0]?.approvals, 0);
      const first = await send();
      assert.equal(first.status, 200);

      // It stands in the way of a replay as well, and the replay survives.
      simulator.addFault({ kind: "status_before", ...fault });
      assert.equal((await send()).json.code, fault.code);
      assert.equal((await send()).text, first.text);
      assert.equal(simulator.books()[0]?.approvals, 1);
    }, options);
  });
}

Deno.test("simulator §12.3 keeps the answer that a gateway swallowed", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const gateway = { code: "BAD_GATEWAY", status: 502 };
    simulator.addFault({ kind: "status_after", ...gateway });
    const lost = await confirm(simulator, payment, { headers: KEY });
    assert.equal(refusal(lost), "502 BAD_GATEWAY");
    assert.equal(simulator.books()[0]?.approvals, 1);
    const replay = await confirm(simulator, payment, { headers: KEY });
    assert.equal(replay.json.status, "DONE");
  });
});

Deno.test("simulator §12.3 replays the application's own refusal, and no fault changes that", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const send = () => confirm(simulator, payment, { headers: KEY });
    const code = "PROVIDER_ERROR";
    simulator.addFault({ kind: "status_before", code });
    const first = await send();
    assert.equal(refusal(first), `400 ${code}`);
    simulator.addFault({ kind: "status_before", code: "COMMON_ERROR" });
    assert.equal((await send()).text, first.text);
    assert.equal(simulator.faults().length, 1);
  });
});

Deno.test("simulator §12.3 does not keep a 409 that the test code asked for", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const code = "IDEMPOTENT_REQUEST_PROCESSING";
    const headers = { ...KEY, "tosspayments-test-code": code };
    const busy = await confirm(simulator, payment, { headers });
    assert.equal(refusal(busy), `409 ${code}`);
    const done = await confirm(simulator, payment, { headers: KEY });
    assert.equal(done.json.status, "DONE");
  });
});
