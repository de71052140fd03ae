import assert from "node:assert/strict";
import { call, confirm, refusal } from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const CONFIRM = "/v1/payments/confirm";
const KEY = { headers: { "idempotency-key": "key-1" } };

Deno.test("simulator §12.10 loses the answer before applying anything", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "lose_answer_before", path: CONFIRM });
    await assert.rejects(confirm(simulator, payment));
    assert.equal(simulator.books()[0]?.approvals, 0);
    assert.equal((await confirm(simulator, payment)).status, 200);
  });
});

Deno.test("simulator §12.10 loses the answer after applying", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "lose_answer_after", path: CONFIRM });
    await assert.rejects(confirm(simulator, payment, KEY));
    assert.equal(simulator.books()[0]?.approvals, 1);
    const replay = await confirm(simulator, payment, KEY);
    assert.equal(replay.json.status, "DONE");
    assert.equal(simulator.books()[0]?.approvals, 1);
  });
});

Deno.test("simulator §12.10 meets one fetch with one fault, also on a reused connection", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    // Leaves an open connection that fetch would reuse, and send again on.
    await call(simulator, `GET /v1/payments/${payment.paymentKey}`);
    simulator.addFault({ kind: "lose_answer_after", path: CONFIRM });
    await call(simulator, `GET /v1/payments/${payment.paymentKey}`);
    await assert.rejects(confirm(simulator, payment));
    const confirms = simulator.requests()
      .filter(({ path }) => path === CONFIRM);
    assert.deepEqual(confirms.map(({ status }) => status), ["cut"]);
  });
});

Deno.test("simulator §12.10 loses every answer until the fault is cleared", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "lose_answer_after", count: "always" });
    for (let attempt = 0; attempt < 3; attempt++) {
      await assert.rejects(confirm(simulator, payment, KEY));
    }
    assert.equal(simulator.faults().length, 1);
    simulator.clearFaults();
    assert.equal((await confirm(simulator, payment, KEY)).status, 200);
    assert.equal(simulator.books()[0]?.approvals, 1);
  });
});

Deno.test("simulator §12.10 answers 5xx before applying", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const code = "FAILED_INTERNAL_SYSTEM_PROCESSING";
    simulator.addFault({ kind: "status_before", code, count: 2 });
    for (let attempt = 0; attempt < 2; attempt++) {
      const failed = await confirm(simulator, payment, KEY);
      assert.equal(refusal(failed), `500 ${code}`);
    }
    assert.equal(simulator.books()[0]?.approvals, 0);
    assert.equal((await confirm(simulator, payment, KEY)).status, 200);
  });
});

Deno.test("simulator §12.10 answers an error after applying", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "status_after", code: "PROVIDER_ERROR" });
    const failed = await confirm(simulator, payment);
    assert.equal(refusal(failed), "400 PROVIDER_ERROR");
    assert.equal(simulator.books()[0]?.status, "DONE");
    const again = await confirm(simulator, payment);
    assert.equal(refusal(again), "400 ALREADY_PROCESSED_PAYMENT");
  });
});

Deno.test("simulator answers a status of the caller's choice", async () => {
  await withSimulator(async (simulator) => {
    const fault = { code: "TOO_MANY_REQUESTS", status: 429, message: "slow" };
    simulator.addFault({ kind: "status_before", ...fault });
    const result = await call(simulator, "GET /v1/payments/nothing");
    assert.equal(result.status, 429);
    assert.deepEqual(result.json, { code: fault.code, message: "slow" });
  });
});

Deno.test("simulator uses status faults in order, wherever they come from", async () => {
  await withSimulator(async (simulator) => {
    const kind = "status_before";
    simulator.addFault({ kind, code: "PROVIDER_ERROR" });
    simulator.addFault({ kind, code: "SLOW_DOWN", status: 429 });
    simulator.addFault({ kind, code: "COMMON_ERROR" });
    const codes = [];
    for (let request = 0; request < 3; request++) {
      const { json } = await call(simulator, "GET /v1/payments/nothing");
      codes.push(json.code);
    }
    assert.deepEqual(codes, ["PROVIDER_ERROR", "SLOW_DOWN", "COMMON_ERROR"]);
  });
});

Deno.test("simulator lets a gateway answer late", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const milliseconds = 30;
    simulator.addFault({ kind: "delay_before", milliseconds });
    const gateway = { code: "GATEWAY_TIMEOUT", status: 504 };
    simulator.addFault({ kind: "status_before", ...gateway });
    const start = performance.now();
    assert.equal((await confirm(simulator, payment)).status, 504);
    assert.ok(performance.now() - start >= milliseconds - 1);
    assert.deepEqual(simulator.faults(), []);
    assert.equal(simulator.books()[0]?.approvals, 0);
  });
});

Deno.test("simulator §12.10 holds a request before and after applying", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const milliseconds = 60_000;
    simulator.addFault({ kind: "delay_before", milliseconds });
    simulator.addFault({ kind: "delay_after", milliseconds });
    const before = confirm(simulator, payment).catch((error) => error);
    await waitFor(() => simulator.faults().length === 1);
    assert.equal(simulator.books()[0]?.approvals, 0);
    const second = simulator.createPayment(ORDER);
    const after = confirm(simulator, second).catch((error) => error);
    await waitFor(() => simulator.faults().length === 0);
    assert.equal(simulator.books()[1]?.approvals, 1);
    await simulator.stop();
    await Promise.all([before, after]);
  });
});

Deno.test("simulator answers garbage and half a body after applying", async () => {
  await withSimulator(async (simulator) => {
    const first = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "garbage", path: CONFIRM });
    const garbage = await confirm(simulator, first);
    assert.equal(garbage.status, 200);
    assert.throws(() => JSON.parse(garbage.text));
    const second = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "half_body", path: CONFIRM });
    await assert.rejects(confirm(simulator, second), /body/);
    assert.deepEqual(
      simulator.books().map((book) => book.approvals),
      [1, 1],
    );
  });
});

Deno.test("simulator answers another amount than it took", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const patch = { totalAmount: 1, orderId: "order-9999" };
    simulator.addFault({ kind: "wrong_answer", patch });
    const wrong = await confirm(simulator, payment, KEY);
    assert.equal(wrong.json.totalAmount, 1);
    assert.equal(wrong.json.orderId, "order-9999");
    assert.equal(wrong.json.paymentKey, payment.paymentKey);
    const right = await confirm(simulator, payment, KEY);
    assert.equal(right.json.totalAmount, 15_000);
  });
});

Deno.test("simulator aims a fault at one payment, method and path pattern", async () => {
  await withSimulator(async (simulator) => {
    const first = simulator.createPayment(ORDER);
    const second = simulator.createPayment(ORDER);
    const code = "COMMON_ERROR";
    const kind = "status_before";
    const { paymentKey } = second;
    simulator.addFault({ kind, code, paymentKey, method: "POST" });
    simulator.addFault({ kind, code, pathPattern: "/cancel$" });
    assert.equal((await confirm(simulator, first)).status, 200);
    const read = await call(simulator, `GET /v1/payments/${paymentKey}`);
    assert.equal(read.status, 200);
    assert.equal((await confirm(simulator, second)).status, 500);
    const cancel = `POST /v1/payments/${first.paymentKey}/cancel`;
    const body = { cancelReason: "changed mind" };
    assert.equal((await call(simulator, cancel, { body })).status, 500);
    assert.equal((await call(simulator, cancel, { body })).status, 200);
  });
});

/** Waits, at most two seconds, for something another task brings about. */
async function waitFor(condition: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!condition()) {
    assert.ok(performance.now() < end, "the condition never came true");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
