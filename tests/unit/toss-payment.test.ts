import assert from "node:assert/strict";
import {
  CANCEL,
  PAYMENT,
} from "../../supabase/functions/_shared/toss/payment.ts";
import { paymentJson } from "./support/payment-json.ts";

const cancel = (changes: Record<string, unknown> = {}) => ({
  cancelAmount: 5_000,
  cancelReason: "변심",
  refundableAmount: 10_000,
  canceledAt: "2026-01-03T00:00:00+09:00",
  transactionKey: "txrd_2",
  ...changes,
});

Deno.test("PAYMENT keeps unknown fields and unknown statuses", () => {
  const payment = PAYMENT.parse(
    paymentJson({ status: "SOME_NEW_STATE", novelty: { a: [1] } }),
  );
  assert.equal(payment.status, "SOME_NEW_STATE");
  assert.deepEqual(payment["novelty"], { a: [1] });
});

Deno.test("PAYMENT reads absent optional fields as null", () => {
  const payment = PAYMENT.parse({
    paymentKey: "p",
    orderId: "o",
    currency: "KRW",
    totalAmount: 100,
    balanceAmount: 0,
    status: "EXPIRED",
  });
  assert.equal(payment.method, null);
  assert.equal(payment.cancels, null);
  assert.equal(payment.virtualAccount, null);
  assert.equal(payment.approvedAt, null);
});

for (const amount of [0.5, 15_000.01, 2 ** 53, 1e300, -1, "15000", null]) {
  Deno.test(`PAYMENT refuses ${amount} as an amount of won`, () => {
    for (const name of ["totalAmount", "balanceAmount"]) {
      const json = paymentJson({ [name]: amount });
      assert.equal(PAYMENT.safeParse(json).success, false, name);
    }
    const cancels = [cancel({ cancelAmount: amount })];
    assert.equal(PAYMENT.safeParse(paymentJson({ cancels })).success, false);
  });
}

Deno.test("PAYMENT accepts cents in a currency that has them", () => {
  const json = paymentJson({
    currency: "USD",
    totalAmount: 10.5,
    balanceAmount: 0,
    cancels: [cancel({ cancelAmount: 10.5, refundableAmount: 0 })],
  });
  assert.equal(PAYMENT.parse(json).totalAmount, 10.5);
});

for (const name of ["paymentKey", "orderId", "status", "currency"]) {
  Deno.test(`PAYMENT needs ${name}`, () => {
    assert.equal(PAYMENT.safeParse(paymentJson({ [name]: "" })).success, false);
    assert.equal(
      PAYMENT.safeParse(paymentJson({ [name]: null })).success,
      false,
    );
  });
}

Deno.test("PAYMENT reads a virtual account that waits for its deposit", () => {
  const payment = PAYMENT.parse(paymentJson({
    status: "WAITING_FOR_DEPOSIT",
    method: "가상계좌",
    approvedAt: null,
    secret: "ps_abcdefghij",
    virtualAccount: {
      accountType: "일반",
      accountNumber: "X6505636518308",
      bankCode: "20",
      customerName: "박토스",
      dueDate: "2026-01-09T03:04:05+09:00",
      expired: false,
    },
  }));
  assert.equal(payment.virtualAccount?.accountNumber, "X6505636518308");
  assert.equal(payment.virtualAccount?.refundReceiveAccount, null);
});

Deno.test("CANCEL needs the key that identifies it", () => {
  assert.equal(CANCEL.safeParse(cancel()).success, true);
  assert.equal(
    CANCEL.safeParse(cancel({ transactionKey: null })).success,
    false,
  );
});
