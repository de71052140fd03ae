import assert from "node:assert/strict";
import { control } from "./control-client.ts";
import { cancel, confirm, REFUND_RECEIVE_ACCOUNT } from "./toss-client.ts";
import {
  MINUTE,
  ORDER,
  withReceiver,
  withSimulator,
} from "./with-simulator.ts";

Deno.test("control API creates, authenticates, declines and expires payments", async () => {
  await withSimulator(async (simulator) => {
    const wish = { ...ORDER, authenticated: false };
    const created = await control(simulator, "POST /payments", wish);
    assert.equal(created.status, 201);
    assert.equal(created.json.status, "READY");
    const path = `POST /payments/${created.json.paymentKey}`;
    const authenticated = await control(simulator, `${path}/authenticate`);
    assert.equal(authenticated.json.status, "IN_PROGRESS");
    const twice = await control(simulator, `${path}/authenticate`);
    assert.equal(twice.status, 409);
    const code = "REJECT_CARD_COMPANY";
    await control(simulator, `${path}/decline`, { code });
    const declined = await confirm(simulator, created.json);
    assert.equal(declined.json.code, code);
    const other = await control(simulator, "POST /payments", ORDER);
    const expire = `POST /payments/${other.json.paymentKey}/expire`;
    assert.equal((await control(simulator, expire)).json.status, "EXPIRED");
    const unknown = await control(simulator, "POST /payments/no/expire");
    assert.equal(unknown.status, 404);
    const books = await control(simulator, "GET /books");
    assert.deepEqual(
      books.json.map(({ status }: { status: string }) => status),
      ["ABORTED", "EXPIRED"],
    );
  });
});

Deno.test("control API plays the bank and the buyer of a virtual account", async () => {
  await withSimulator(async (simulator) => {
    const wish = {
      ...ORDER,
      method: "가상계좌",
      virtualAccount: { bank: "국민", customerName: "이토스", validHours: 24 },
    };
    const { json: payment } = await control(simulator, "POST /payments", wish);
    const path = `POST /payments/${payment.paymentKey}`;
    const early = await control(simulator, `${path}/deposit`);
    assert.equal(early.status, 409);
    await confirm(simulator, payment);
    const expired = await control(simulator, `${path}/expire`);
    assert.equal(expired.json.status, "WAITING_FOR_DEPOSIT");
    const depositorName = "박토스";
    const paid = await control(simulator, `${path}/deposit`, { depositorName });
    assert.equal(paid.json.status, "DONE");
    const [book] = (await control(simulator, "GET /books")).json;
    assert.equal(book.virtualAccount.expired, true);
    assert.equal(book.virtualAccount.depositorName, depositorName);
    const twice = await control(simulator, `${path}/deposit`);
    assert.equal(twice.status, 409);
    const reversed = await control(simulator, `${path}/reverse-deposit`);
    assert.equal(reversed.json.status, "WAITING_FOR_DEPOSIT");
    const end = { status: "FAILED" };
    const none = await control(simulator, `${path}/end-refund`, end);
    assert.equal(none.json.error.message, "nothing was refunded");
    await control(simulator, `${path}/deposit`);
    const { paymentKey } = payment;
    await cancel(simulator, paymentKey, {
      refundReceiveAccount: REFUND_RECEIVE_ACCOUNT,
    });
    await control(simulator, `${path}/end-refund`, end);
    const [after] = simulator.books();
    assert.equal(after?.virtualAccount?.refundStatus, "FAILED");
  });
});

Deno.test("control API has no deposit for a card payment or an unknown one", async () => {
  await withSimulator(async (simulator) => {
    const card = simulator.createPayment(ORDER);
    await confirm(simulator, card);
    const end = { status: "COMPLETED" };
    const wishes: [string, unknown][] = [
      ["deposit", undefined],
      ["reverse-deposit", undefined],
      ["end-refund", end],
    ];
    for (const [action, body] of wishes) {
      const path = `POST /payments/${card.paymentKey}/${action}`;
      const refused = await control(simulator, path, body);
      assert.equal(refused.status, 409);
      assert.equal(
        refused.json.error.message,
        "the payment has no virtual account",
      );
      const unknown = `POST /payments/unknown/${action}`;
      assert.equal((await control(simulator, unknown, body)).status, 404);
    }
    const pending = `POST /payments/${card.paymentKey}/end-refund`;
    const wrong = await control(simulator, pending, { status: "PENDING" });
    assert.equal(wrong.status, 400);
    assert.equal(simulator.books()[0]?.status, "DONE");
  });
});

Deno.test("control API refuses unknown fields, bad values and bad JSON", async () => {
  await withSimulator(async (simulator) => {
    const wishes: [string, unknown][] = [
      ["POST /payments", { ...ORDER, extra: true }],
      ["POST /payments", { orderId: "short", amount: 1000 }],
      ["POST /payments", { ...ORDER, clientKey: "test_ck_unknown" }],
      ["POST /payments", { ...ORDER, virtualAccount: { bank: "99" } }],
      ["POST /payments/any/deposit", { depositorName: "" }],
      ["POST /faults", { kind: "no_such_fault" }],
      ["POST /faults", { kind: "garbage", pathPattern: "(" }],
      ["POST /clock", { advanceMilliseconds: -1 }],
      ["POST /clock", {}],
      ["POST /clock", { days: 1, to: "2030-01-01T00:00:00Z" }],
      ["POST /clock", { to: "2020-01-01T00:00:00Z" }],
      ["POST /clock", { to: "2030-01-01T00:00:00" }],
      ["POST /faults", { kind: "garbage", ratio: 0 }],
      ["PATCH /settings", { latencyMilliseconds: -1 }],
      ["PATCH /settings", { port: 1 }],
      ["POST /billing/authorizations", { customerKey: "c" }],
      ["POST /billing/authorizations", {
        customerKey: "customer-1",
        issuerCode: "00",
      }],
      ["POST /billing/declines", { code: "COMMON_ERROR" }],
      ["POST /billing/keys/remove", { reason: "lost" }],
      ["PUT /webhook-urls", { webhookUrls: ["no url"] }],
      ["POST /webhooks/knobs", { kind: "delay" }],
    ];
    for (const [route, body] of wishes) {
      const result = await control(simulator, route, body);
      assert.equal(result.status, 400, route);
      assert.equal(typeof result.json.error.message, "string");
    }
    const { paymentKey } = simulator.createPayment(ORDER);
    const decline = `POST /payments/${paymentKey}/decline`;
    for (const code of ["NO_SUCH_CODE", "COMMON_ERROR"]) {
      assert.equal((await control(simulator, decline, { code })).status, 400);
    }
    const url = `${simulator.url}/__simulator/faults`;
    const broken = await fetch(url, { method: "POST", body: "{" });
    assert.equal(broken.status, 400);
    await broken.body?.cancel();
  });
});

Deno.test("control API drives clock, faults and webhooks", async () => {
  const start = Date.now();
  await withReceiver(async (simulator, receiver) => {
    await control(simulator, "PUT /webhook-urls", { webhookUrls: [] });
    simulator.createPayment(ORDER);
    await control(simulator, "POST /clock", {
      advanceMilliseconds: 10 * MINUTE,
    });
    assert.equal(simulator.books()[0]?.status, "EXPIRED");
    assert.equal(receiver.received.length, 0);
    await control(simulator, "PUT /webhook-urls", {
      webhookUrls: [receiver.url],
    });
    await control(simulator, "POST /webhooks/knobs", { kind: "drop" });
    const fault = { kind: "garbage", path: "/v1/payments/confirm" };
    await control(simulator, "POST /faults", fault);
    const faults = await control(simulator, "GET /faults");
    assert.deepEqual(faults.json, [{ ...fault, count: 1 }]);
    assert.equal((await control(simulator, "DELETE /faults")).status, 204);
    await confirm(simulator, simulator.createPayment(ORDER));
    const webhooks = await control(simulator, "GET /webhooks");
    assert.equal(webhooks.json[0].state, "dropped");
    const { transmissionId } = webhooks.json[0];
    const resend = "POST /webhooks/resend";
    const sent = await control(simulator, resend, { transmissionId });
    assert.equal(sent.status, 204);
    await simulator.settle();
    assert.equal(receiver.received.length, 1);
    const clock = await control(simulator, "GET /clock");
    assert.match(clock.json.now, /\+09:00$/);
    assert.ok(clock.json.milliseconds >= start + 10 * MINUTE);
  });
});

Deno.test("control API logs requests and resets everything", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    await confirm(simulator, payment, {
      headers: { "idempotency-key": "key-1" },
    });
    const { json } = await control(simulator, "GET /requests");
    const [{ at, ...request }] = json;
    assert.match(at, /\+09:00$/);
    assert.deepEqual(request, {
      method: "POST",
      path: "/v1/payments/confirm",
      idempotencyKey: "key-1",
      clientKey: simulator.clientKey,
      status: 200,
    });
    const cardNumber = "9410001234567890";
    const code = "REJECT_CARD_PAYMENT";
    const wish = { cardNumber, code, count: "always" };
    await control(simulator, "POST /card-declines", wish);
    await simulator.advance(MINUTE);
    assert.equal((await control(simulator, "POST /reset")).status, 204);
    assert.deepEqual(simulator.books(), []);
    assert.deepEqual(simulator.requests(), []);
    assert.ok(simulator.now() <= Date.now());
    const fresh = await confirm(simulator, simulator.createPayment(ORDER), {
      headers: { "idempotency-key": "key-1" },
    });
    assert.equal(fresh.status, 200);
  });
});
