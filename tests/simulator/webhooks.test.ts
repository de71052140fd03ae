import assert from "node:assert/strict";
import { cancel, confirm } from "./toss-client.ts";
import {
  MINUTE,
  ORDER,
  type Receiver,
  withReceiver,
  withSimulator,
} from "./with-simulator.ts";

const HEADER = "tosspayments-webhook-transmission";

function statuses(receiver: Receiver): string[] {
  return receiver.received.map(({ json }) => json.data.status);
}

Deno.test("simulator §12.9 sends PAYMENT_STATUS_CHANGED with the three headers", async () => {
  await withReceiver(async (simulator, receiver) => {
    const payment = simulator.createPayment(ORDER);
    const { json } = await confirm(simulator, payment);
    await simulator.settle();
    const [webhook] = receiver.received;
    assert.equal(webhook?.json.eventType, "PAYMENT_STATUS_CHANGED");
    assert.match(
      webhook?.json.createdAt ?? "",
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$/,
    );
    assert.deepEqual(webhook?.json.data, json);
    const header = (name: string) =>
      webhook?.headers.get(`${HEADER}-${name}`) ?? "";
    assert.match(header("time"), /\+09:00$/);
    assert.equal(header("retried-count"), "0");
    assert.match(header("id"), /^whtrans_/);
    const signature = "tosspayments-webhook-signature";
    assert.equal(webhook?.headers.has(signature), false);
  });
});

Deno.test("simulator §7.1 sends an event for each final change and none for READY and IN_PROGRESS", async () => {
  await withReceiver(async (simulator, receiver) => {
    const first = simulator.createPayment({ ...ORDER, authenticated: false });
    simulator.authenticate(first.paymentKey);
    await simulator.settle();
    assert.deepEqual(statuses(receiver), []);
    simulator.expire(first.paymentKey);
    await simulator.settle();
    const second = simulator.createPayment(ORDER);
    simulator.decline(second.paymentKey, "REJECT_CARD_PAYMENT");
    await confirm(simulator, second);
    await simulator.settle();
    const third = simulator.createPayment(ORDER);
    await confirm(simulator, third);
    await simulator.settle();
    await cancel(simulator, third.paymentKey, { cancelAmount: 1000 });
    await simulator.settle();
    const fourth = simulator.createPayment(ORDER);
    await confirm(simulator, fourth);
    await simulator.settle();
    await cancel(simulator, fourth.paymentKey);
    await simulator.settle();
    assert.deepEqual(statuses(receiver), [
      "EXPIRED",
      "ABORTED",
      "DONE",
      "PARTIAL_CANCELED",
      "DONE",
      "CANCELED",
    ]);
  });
});

Deno.test("simulator §12.4 announces the expiry of the 30 and the 10 minutes", async () => {
  await withReceiver(async (simulator, receiver) => {
    simulator.createPayment({ ...ORDER, authenticated: false });
    simulator.createPayment(ORDER);
    await simulator.advance(10 * MINUTE);
    assert.deepEqual(statuses(receiver), ["EXPIRED"]);
    await simulator.advance(20 * MINUTE);
    assert.deepEqual(statuses(receiver), ["EXPIRED", "EXPIRED"]);
    assert.equal(
      receiver.received[0]?.json.data.failure.code,
      "EXPIRED_PAYMENT",
    );
  });
});

Deno.test("simulator §12.9 retries 7 times after 1 to 4096 minutes", async () => {
  await withReceiver(async (simulator, receiver) => {
    receiver.answer(500);
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.settle();
    assert.equal(receiver.received.length, 1);
    let sent = 1;
    for (const minutes of [1, 4, 16, 64, 256, 1024, 4096]) {
      await simulator.advance(minutes * MINUTE - 5000);
      assert.equal(receiver.received.length, sent);
      await simulator.advance(5000);
      assert.equal(receiver.received.length, ++sent);
    }
    await simulator.advance(100_000 * MINUTE);
    assert.equal(receiver.received.length, 8);
    const column = (name: string) =>
      receiver.received.map(({ headers }) => headers.get(`${HEADER}-${name}`));
    assert.deepEqual(column("retried-count"), [..."01234567"]);
    assert.equal(new Set(column("id")).size, 1);
    assert.equal(new Set(column("time")).size, 8);
    assert.equal(new Set(receiver.received.map(({ text }) => text)).size, 1);
    assert.equal(simulator.deliveries()[0]?.state, "failed");
  });
});

Deno.test("simulator §12.9 takes nothing but 200 for success", async () => {
  await withReceiver(async (simulator, receiver) => {
    const schedule = [
      { next: 201, minutes: 1 },
      { next: 302, minutes: 4 },
      { next: 400, minutes: 16 },
      { next: 200, minutes: 64 },
    ];
    let sent = 0;
    receiver.answer(204);
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.settle();
    assert.equal(receiver.received.length, ++sent);
    for (const { next, minutes } of schedule) {
      assert.equal(simulator.deliveries()[0]?.state, "waiting");
      receiver.answer(next);
      await simulator.advance(minutes * MINUTE);
      assert.equal(receiver.received.length, ++sent);
    }
    assert.equal(simulator.deliveries()[0]?.state, "succeeded");
    await simulator.advance(10_000 * MINUTE);
    assert.equal(receiver.received.length, sent);
  });
});

Deno.test("simulator §12.9 gives up on a receiver that does not answer in time", async () => {
  const release = Promise.withResolvers<void>();
  const silent = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async () => {
      await release.promise;
      return new Response();
    },
  );
  const webhookUrls = [`http://127.0.0.1:${silent.addr.port}/`];
  await withSimulator(async (simulator) => {
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.settle();
    const [delivery] = simulator.deliveries();
    assert.equal(delivery?.state, "waiting");
    assert.equal(delivery?.attempts[0]?.httpStatus, null);
    assert.equal(delivery?.attempts[0]?.error, "no answer in time");
  }, { webhookUrls, webhookTimeoutMilliseconds: 50 });
  release.resolve();
  await silent.shutdown();
});

Deno.test("simulator §12.9 retries by itself on a scaled schedule", async () => {
  await withReceiver(async (simulator, receiver) => {
    receiver.answer(500);
    await confirm(simulator, simulator.createPayment(ORDER));
    const end = performance.now() + 120_000;
    while (receiver.received.length < 4) {
      assert.ok(performance.now() < end, "the retries never came");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const headers = receiver.received[3]?.headers;
    assert.equal(headers?.get(`${HEADER}-retried-count`), "3");
  }, { minuteInMilliseconds: 5 });
});

Deno.test("simulator §12.9 drops a webhook until it is resent by hand", async () => {
  await withReceiver(async (simulator, receiver) => {
    simulator.addWebhookKnob({ kind: "drop" });
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.advance(10_000 * MINUTE);
    assert.equal(receiver.received.length, 0);
    const [delivery] = simulator.deliveries();
    assert.equal(delivery?.state, "dropped");
    assert.equal(simulator.resend(delivery?.transmissionId ?? ""), true);
    await simulator.settle();
    assert.deepEqual(statuses(receiver), ["DONE"]);
    assert.equal(simulator.resend("whtrans_unknown"), false);
  });
});

Deno.test("simulator §7.4 starts anew and drops pending retries on a resend", async () => {
  await withReceiver(async (simulator, receiver) => {
    receiver.answer(500);
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.advance(MINUTE);
    receiver.answer(200);
    simulator.resend(simulator.deliveries()[0]?.transmissionId ?? "");
    await simulator.advance(10_000 * MINUTE);
    const counts = receiver.received
      .map(({ headers }) => headers.get(`${HEADER}-retried-count`));
    assert.deepEqual(counts, ["0", "1", "0"]);
  });
});

Deno.test("simulator §12.9 duplicates a webhook with one transmission id", async () => {
  await withReceiver(async (simulator, receiver) => {
    simulator.addWebhookKnob({ kind: "duplicate" });
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.settle();
    const ids = receiver.received
      .map(({ headers }) => headers.get(`${HEADER}-id`));
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
  });
});

Deno.test("simulator §12.9 delays a webhook on the virtual clock", async () => {
  await withReceiver(async (simulator, receiver) => {
    simulator.addWebhookKnob({ kind: "delay", milliseconds: MINUTE });
    await confirm(simulator, simulator.createPayment(ORDER));
    await simulator.advance(MINUTE - 5000);
    assert.equal(receiver.received.length, 0);
    await simulator.advance(5000);
    assert.equal(receiver.received.length, 1);
  });
});

Deno.test("simulator §12.9 delivers two webhooks in the wrong order", async () => {
  await withReceiver(async (simulator, receiver) => {
    simulator.addWebhookKnob({ kind: "reorder", status: "DONE" });
    const payment = simulator.createPayment(ORDER);
    await confirm(simulator, payment);
    await simulator.settle();
    assert.deepEqual(statuses(receiver), []);
    await cancel(simulator, payment.paymentKey);
    await simulator.settle();
    assert.deepEqual(statuses(receiver), ["CANCELED", "DONE"]);
    assert.deepEqual(simulator.webhookKnobs(), []);
  });
});
