import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/simulator.ts";
import {
  cancel,
  confirm,
  issueAccount,
  read,
  REFUND_RECEIVE_ACCOUNT,
} from "./toss-client.ts";
import {
  MINUTE,
  ORDER,
  type ReceivedWebhook,
  type Receiver,
  withReceiver,
} from "./with-simulator.ts";

const REFUND = { refundReceiveAccount: REFUND_RECEIVE_ACCOUNT };

/** `DEPOSIT_CALLBACK <status>` or `PAYMENT_STATUS_CHANGED <status>`. */
function nameOf({ text }: ReceivedWebhook): string {
  const body = JSON.parse(text);
  return body.eventType === undefined
    ? `DEPOSIT_CALLBACK ${body.status}`
    : `${body.eventType} ${body.data.status}`;
}

/** What arrived since the last call, in alphabetical order: both events of a change are sent at once. */
async function news(
  simulator: Simulator,
  { received }: Receiver,
): Promise<string[]> {
  await simulator.settle();
  return received.splice(0).map(nameOf).sort();
}

Deno.test("simulator §7.1 sends DEPOSIT_CALLBACK as five flat keys", async () => {
  await withReceiver(async (simulator, receiver) => {
    const { json } = await issueAccount(simulator);
    await simulator.settle();
    const [webhook, ...others] = receiver.received;
    assert.deepEqual(others, []);
    const { createdAt, ...body } = JSON.parse(webhook?.text ?? "{}");
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$/);
    assert.deepEqual(body, {
      secret: json.secret,
      status: "WAITING_FOR_DEPOSIT",
      transactionKey: json.lastTransactionKey,
      orderId: json.orderId,
    });
    const id = "tosspayments-webhook-transmission-id";
    assert.match(webhook?.headers.get(id) ?? "", /^whtrans_/);
  });
});

Deno.test("simulator §12.7 announces issue, deposit, reversal and cancels, and no deadline", async () => {
  await withReceiver(async (simulator, receiver) => {
    const { json } = await issueAccount(simulator, { validHours: 1 });
    const { paymentKey } = json;
    const waiting = ["DEPOSIT_CALLBACK WAITING_FOR_DEPOSIT"];
    const both = (status: string) => [
      `DEPOSIT_CALLBACK ${status}`,
      `PAYMENT_STATUS_CHANGED ${status}`,
    ];
    assert.deepEqual(await news(simulator, receiver), waiting);
    await simulator.advance(61 * MINUTE);
    assert.deepEqual(await news(simulator, receiver), []);
    simulator.deposit(paymentKey);
    assert.deepEqual(await news(simulator, receiver), both("DONE"));
    simulator.reverseDeposit(paymentKey);
    assert.deepEqual(await news(simulator, receiver), waiting);
    simulator.deposit(paymentKey);
    assert.deepEqual(await news(simulator, receiver), both("DONE"));
    const part = { cancelAmount: 5000, ...REFUND };
    await cancel(simulator, paymentKey, part);
    const canceled = both("PARTIAL_CANCELED");
    assert.deepEqual(await news(simulator, receiver), canceled);
    await cancel(simulator, paymentKey, REFUND);
    assert.deepEqual(await news(simulator, receiver), canceled);
    simulator.endRefund(paymentKey, "COMPLETED");
    assert.deepEqual(await news(simulator, receiver), []);
  });
});

Deno.test("simulator §3.3 announces an account that is given up, and one of the window", async () => {
  await withReceiver(async (simulator, receiver) => {
    const order = { ...ORDER, method: "가상계좌" } as const;
    const payment = simulator.createPayment(order);
    await confirm(simulator, payment);
    assert.deepEqual(await news(simulator, receiver), [
      "DEPOSIT_CALLBACK WAITING_FOR_DEPOSIT",
    ]);
    await cancel(simulator, payment.paymentKey);
    assert.deepEqual(await news(simulator, receiver), [
      "DEPOSIT_CALLBACK CANCELED",
      "PAYMENT_STATUS_CHANGED CANCELED",
    ]);
  });
});

Deno.test("simulator §7.1 names the transaction and the secret of each change", async () => {
  await withReceiver(async (simulator, receiver) => {
    const { json: issued } = await issueAccount(simulator);
    simulator.deposit(issued.paymentKey);
    await simulator.settle();
    const paid = await read(simulator, issued.paymentKey);
    const bodies = receiver.received.map(({ text }) => JSON.parse(text));
    const callback = bodies.find(({ status }) => status === "DONE");
    assert.equal(callback.transactionKey, paid.lastTransactionKey);
    assert.equal(callback.secret, issued.secret);
    const changed = bodies.find(({ data }) => data !== undefined);
    assert.deepEqual(changed.data, paid);
  });
});

Deno.test("simulator §7.1 leaves out an event that nobody subscribed to", async () => {
  await withReceiver(async (simulator, receiver) => {
    const eventType = "PAYMENT_STATUS_CHANGED";
    simulator.addWebhookKnob({ kind: "drop", eventType, count: "always" });
    const { json } = await issueAccount(simulator);
    simulator.deposit(json.paymentKey);
    assert.deepEqual(await news(simulator, receiver), [
      "DEPOSIT_CALLBACK DONE",
      "DEPOSIT_CALLBACK WAITING_FOR_DEPOSIT",
    ]);
  });
});
