import assert from "node:assert/strict";
import type { OpenPaymentInput } from "../../simulator/control/schemas.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import { call, cancel, confirm, issueAccount, refusal } from "./toss-client.ts";
import { MINUTE, ORDER, withSimulator } from "./with-simulator.ts";

const DAY = 24 * 60 * MINUTE;

async function paid(
  simulator: Simulator,
  extra: Partial<OpenPaymentInput> = {},
): Promise<string> {
  const payment = simulator.createPayment({ ...ORDER, ...extra });
  assert.equal((await confirm(simulator, payment)).status, 200);
  return payment.paymentKey;
}

Deno.test("simulator §12.6 cancels in full, once", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator);
    const { json } = await cancel(simulator, paymentKey);
    assert.equal(json.status, "CANCELED");
    assert.equal(json.totalAmount, 15_000);
    assert.equal(json.balanceAmount, 0);
    const [entry] = json.cancels;
    assert.equal(entry?.transactionKey, json.lastTransactionKey);
    assert.equal(entry?.cancelAmount, 15_000);
    assert.equal(entry?.refundableAmount, 0);
    assert.equal(entry?.cancelReason, "changed mind");
    assert.equal(entry?.cancelStatus, "DONE");
    assert.match(entry?.canceledAt ?? "", /\+09:00$/);
    const again = await cancel(simulator, paymentKey);
    assert.equal(refusal(again), "400 ALREADY_CANCELED_PAYMENT");
  });
});

Deno.test("simulator §12.6 keeps PARTIAL_CANCELED at balance zero", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator);
    const part = await cancel(simulator, paymentKey, { cancelAmount: 5000 });
    assert.equal(part.json.status, "PARTIAL_CANCELED");
    assert.equal(part.json.balanceAmount, 10_000);
    const rest = await cancel(simulator, paymentKey);
    assert.equal(rest.json.status, "PARTIAL_CANCELED");
    assert.equal(rest.json.balanceAmount, 0);
    assert.equal(rest.json.cancels.length, 2);
    const again = await cancel(simulator, paymentKey);
    assert.equal(refusal(again), "403 NOT_CANCELABLE_AMOUNT");
  });
});

Deno.test("simulator §12.6 refuses more than the balance and changes nothing", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator);
    const cancelAmount = 15_001;
    const result = await cancel(simulator, paymentKey, { cancelAmount });
    assert.equal(refusal(result), "403 NOT_CANCELABLE_AMOUNT");
    assert.equal(simulator.books()[0]?.status, "DONE");
    assert.equal(simulator.books()[0]?.balanceAmount, 15_000);
  });
});

Deno.test("simulator §2.1 compares refundableAmount with the balance", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator);
    const wrong = { cancelAmount: 1000, refundableAmount: 14_999 };
    const refused = await cancel(simulator, paymentKey, wrong);
    assert.equal(refusal(refused), "400 NOT_MATCHES_REFUNDABLE_AMOUNT");
    const right = { cancelAmount: 1000, refundableAmount: 15_000 };
    assert.equal((await cancel(simulator, paymentKey, right)).status, 200);
  });
});

Deno.test("simulator §2.1 refuses a malformed cancel", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator);
    const bodies = [
      { cancelReason: "" },
      { cancelReason: "r".repeat(201) },
      { cancelAmount: 0 },
      { cancelAmount: 10.5 },
      { taxFreeAmount: 1 },
      { currency: "USD" },
    ];
    for (const body of bodies) {
      const result = await cancel(simulator, paymentKey, body);
      assert.equal(refusal(result), "400 INVALID_REQUEST");
    }
    const route = `POST /v1/payments/${paymentKey}/cancel`;
    const without = await call(simulator, route, { body: {} });
    assert.equal(refusal(without), "400 INVALID_REQUEST");
  });
});

Deno.test("simulator §3.3 cancels only what was paid", async () => {
  await withSimulator(async (simulator) => {
    const unknown = await cancel(simulator, "unknown");
    assert.equal(refusal(unknown), "404 NOT_FOUND_PAYMENT");
    const open = simulator.createPayment(ORDER);
    const early = await cancel(simulator, open.paymentKey);
    assert.equal(refusal(early), "403 NOT_CANCELABLE_PAYMENT");
    simulator.expire(open.paymentKey);
    const late = await cancel(simulator, open.paymentKey);
    assert.equal(refusal(late), "403 NOT_CANCELABLE_PAYMENT");
  });
});

Deno.test("simulator §2.1 ends the period in which a method can be canceled", async () => {
  await withSimulator(async (simulator) => {
    const transfer = await paid(simulator, { method: "계좌이체" });
    const mobile = await paid(simulator, { method: "휴대폰" });
    const card = await paid(simulator);
    await simulator.advance(181 * DAY);
    const late = "403 EXCEED_MAX_REFUND_DUE";
    assert.equal(refusal(await cancel(simulator, transfer)), late);
    assert.equal(refusal(await cancel(simulator, mobile)), late);
    assert.equal((await cancel(simulator, card)).status, 200);
  });
});

Deno.test("simulator §2.0 keeps the tax of what is left after each cancel", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator, { taxFreeAmount: 4000 });
    const part = { cancelAmount: 3200, taxFreeAmount: 1000 };
    const first = await cancel(simulator, paymentKey, part);
    assert.equal(first.json.cancels[0]?.taxFreeAmount, 1000);
    assert.equal(first.json.cancels[0]?.refundableAmount, 11_800);
    assert.equal(first.json.taxFreeAmount, 3000);
    // round((11,800 − 3,000) / 11)
    assert.equal(first.json.vat, 800);
    assert.equal(first.json.suppliedAmount, 8000);
    const tooMuch = { cancelAmount: 5000, taxFreeAmount: 3001 };
    const refused = await cancel(simulator, paymentKey, tooMuch);
    assert.equal(refusal(refused), "400 INVALID_REQUEST");
    const rest = await cancel(simulator, paymentKey);
    assert.equal(rest.json.cancels[1]?.taxFreeAmount, 0);
    const { taxFreeAmount, vat, suppliedAmount } = rest.json;
    assert.deepEqual([taxFreeAmount, vat, suppliedAmount], [0, 0, 0]);
  });
});

Deno.test("simulator §2.1 has no use for the refund account of a card payment", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await paid(simulator);
    const refundReceiveAccount = { bank: "no such bank" };
    const { status, json } = await cancel(simulator, paymentKey, {
      refundReceiveAccount,
    });
    assert.equal(status, 200);
    assert.equal(json.virtualAccount, null);
  });
});

Deno.test("simulator §2.1 compares refundableAmount for every method", async () => {
  await withSimulator(async (simulator) => {
    for (const method of ["계좌이체", "휴대폰", "간편결제"] as const) {
      const paymentKey = await paid(simulator, { method });
      const wrong = { refundableAmount: 1 };
      const refused = await cancel(simulator, paymentKey, wrong);
      assert.equal(refusal(refused), "400 NOT_MATCHES_REFUNDABLE_AMOUNT");
    }
    const orderId = "order-0002";
    const { json } = await issueAccount(simulator, { orderId });
    const wrong = { refundableAmount: 1 };
    const refused = await cancel(simulator, json.paymentKey, wrong);
    assert.equal(refusal(refused), "400 NOT_MATCHES_REFUNDABLE_AMOUNT");
  });
});
