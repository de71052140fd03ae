import assert from "node:assert/strict";
import { call, confirm, issueAccount, read, refusal } from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const CONFIRM = "/v1/payments/confirm";
const key = (name: string) => ({ headers: { "idempotency-key": name } });

Deno.test("simulator answers any status and code without acting, and replays it", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({
      kind: "answer",
      status: 418,
      code: "NEW_CODE",
      acts: "never",
      path: CONFIRM,
    });
    for (let time = 0; time < 2; time++) {
      const answer = await confirm(simulator, payment, key("one"));
      assert.equal(refusal(answer), "418 NEW_CODE");
    }
    assert.equal((await confirm(simulator, payment, key("two"))).status, 200);
  });
});

Deno.test("simulator answers any status and code after acting", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({
      kind: "answer",
      status: 400,
      code: "NEW_CODE",
      acts: "before",
      path: CONFIRM,
    });
    const answer = await confirm(simulator, payment);
    assert.equal(refusal(answer), "400 NEW_CODE");
    assert.equal((await read(simulator, payment.paymentKey)).status, "DONE");
  });
});

for (const status of [400, 500, 504]) {
  Deno.test(`simulator answers ${status} and acts virtual seconds later`, async () => {
    await withSimulator(async (simulator) => {
      const payment = simulator.createPayment(ORDER);
      const { paymentKey } = payment;
      simulator.addFault({
        kind: "answer",
        status,
        code: "NEW_CODE",
        acts: "later",
        seconds: 20,
        path: CONFIRM,
      });
      const answer = await confirm(simulator, payment, key("one"));
      assert.equal(refusal(answer), `${status} NEW_CODE`);
      await simulator.advance(19_000);
      assert.equal((await read(simulator, paymentKey)).status, "IN_PROGRESS");
      await simulator.advance(1_000);
      assert.equal((await read(simulator, paymentKey)).status, "DONE");
      assert.equal(simulator.books()[0]?.approvals, 1);
    });
  });
}

Deno.test("simulator keeps a key in progress behind a gateway that gave up", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.addFault({ kind: "answer", status: 200, acts: "later" });
    const page = await confirm(simulator, payment, key("one"));
    assert.match(page.text, /^<html>/);
    const meanwhile = await confirm(simulator, payment, key("one"));
    assert.equal(refusal(meanwhile), "409 IDEMPOTENT_REQUEST_PROCESSING");
    await simulator.advance(10_000);
    const replay = await confirm(simulator, payment, key("one"));
    assert.equal(replay.json.status, "DONE");
    assert.equal(simulator.books()[0]?.approvals, 1);
  });
});

Deno.test("simulator keeps a key in progress whose error it gave before it was done", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const code = "NEW_CODE";
    simulator.addFault({ kind: "answer", status: 500, code, acts: "later" });
    const error = await confirm(simulator, payment, key("one"));
    assert.equal(refusal(error), "500 NEW_CODE");
    const meanwhile = await confirm(simulator, payment, key("one"));
    assert.equal(refusal(meanwhile), "409 IDEMPOTENT_REQUEST_PROCESSING");
    await simulator.advance(10_000);
    const replay = await confirm(simulator, payment, key("one"));
    assert.equal(replay.json.status, "DONE");
    assert.equal(simulator.books()[0]?.approvals, 1);
  });
});

Deno.test("simulator lets two accounts of an order pass when the first one acts late", async () => {
  await withSimulator(async (simulator) => {
    simulator.addFault({
      kind: "answer",
      status: 500,
      code: "UNKNOWN_ERROR",
      acts: "later",
    });
    assert.equal((await issueAccount(simulator)).status, 500);
    assert.equal((await issueAccount(simulator)).status, 200);
    await simulator.advance(10_000);
    assert.equal(simulator.books().length, 2);
  });
});

Deno.test("simulator answers a redirect", async () => {
  await withSimulator(async (simulator) => {
    simulator.addFault({ kind: "answer", acts: "never", status: 302 });
    const { status } = await call(simulator, "GET /v1/payments/nothing");
    assert.equal(status, 302);
  });
});
