import assert from "node:assert/strict";
import {
  CANCEL,
  PAYMENT,
} from "../../../supabase/functions/_shared/toss/payment.ts";
import { unreadFields } from "../../../supabase/functions/_shared/toss/side-fields.ts";
import { paymentJson } from "../support/payment-json.ts";

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

const NO_AMOUNTS = [
  0.5,
  15_000.01,
  2 ** 53,
  1e300,
  -1,
  null,
  true,
  [15_000],
  ...["", "15,000", "15000.0", "1.5e4", "-1", "+1", "015000", " 15000"],
  String(2 ** 53),
];

for (const amount of NO_AMOUNTS) {
  Deno.test(`PAYMENT refuses ${JSON.stringify(amount)} as an amount of won`, () => {
    for (const name of ["totalAmount", "balanceAmount"]) {
      const json = paymentJson({ [name]: amount });
      assert.equal(PAYMENT.safeParse(json).success, false, name);
    }
    const cancels = [cancel({ cancelAmount: amount })];
    assert.equal(PAYMENT.safeParse(paymentJson({ cancels })).success, false);
  });
}

Deno.test("PAYMENT reads the digits of an amount for the amount", () => {
  const payment = PAYMENT.parse(paymentJson({
    totalAmount: "15000",
    balanceAmount: "10000",
    cancels: [cancel({ cancelAmount: "5000" })],
  }));
  assert.equal(payment.totalAmount, 15_000);
  assert.equal(payment.balanceAmount, 10_000);
  assert.equal(payment.cancels?.[0]?.cancelAmount, 5_000);
});

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

Deno.test("CANCEL takes nothing for a key that could not be one", () => {
  assert.equal(CANCEL.parse(cancel()).transactionKey, "txrd_2");
  for (const key of [undefined, null, "", 7, {}, "x".repeat(65), "열쇠"]) {
    const { transactionKey } = CANCEL.parse(cancel({ transactionKey: key }));
    assert.equal(transactionKey, null);
  }
});

for (const cancels of ["x", {}, 0, [null], [cancel(), "x"]]) {
  Deno.test(`PAYMENT needs its cancels where something was given back, not ${JSON.stringify(cancels)}`, () => {
    const whole = PAYMENT.parse(paymentJson({ cancels }));
    assert.deepEqual(whole.cancels, []);
    for (
      const changes of [
        { balanceAmount: 5_000 },
        { status: "PARTIAL_CANCELED" },
        { status: "CANCELED" },
      ]
    ) {
      const json = paymentJson({ cancels, ...changes });
      assert.equal(PAYMENT.safeParse(json).success, false);
    }
  });
}

Deno.test("PAYMENT of version 1 is in won where it does not say so, and of no other", () => {
  const read = (version: unknown) =>
    PAYMENT.safeParse(paymentJson({ version, currency: undefined }));
  assert.equal(read("1.4").data?.currency, "KRW");
  for (const version of ["2022-06-08", "2024-06-01", null, undefined, 1.4]) {
    assert.equal(read(version).success, false);
  }
  const odd = paymentJson({ version: "1.4", currency: 410 });
  assert.equal(PAYMENT.safeParse(odd).success, false);
});

const FIXTURES = new URL("../../fixtures/toss/", import.meta.url);
for (const { name } of Deno.readDirSync(FIXTURES)) {
  Deno.test(`PAYMENT reads ${name}, and all that it says`, () => {
    const json = JSON.parse(Deno.readTextFileSync(new URL(name, FIXTURES)));
    const payment = PAYMENT.parse(json);
    assert.equal(payment.paymentKey, json.paymentKey);
    assert.equal(payment.totalAmount, json.totalAmount);
    assert.deepEqual(unreadFields(json, payment), []);
  });
}

Deno.test("PAYMENT says what older versions say in today's words", () => {
  const old = PAYMENT.parse(paymentJson({
    version: "1.4",
    mId: undefined,
    mid: "tosspayments",
    lastTransactionKey: undefined,
    transactionKey: "t-1",
    easyPay: "토스결제",
    easyPayAmount: 100,
    easyPayDiscountAmount: 5,
    partialCancelable: false,
    card: { company: "현대", receiptUrl: "https://receipt.example" },
    virtualAccount: { bank: "신한은행", accountNumber: "1" },
    transfer: { bank: "토스뱅크" },
  }));
  assert.equal(old.mId, "tosspayments");
  assert.equal(old.lastTransactionKey, "t-1");
  assert.equal(old.easyPay?.provider, "토스결제");
  assert.equal(old.easyPay?.amount, 100);
  assert.equal(old.easyPay?.discountAmount, 5);
  assert.equal(old.isPartialCancelable, false);
  assert.equal(old.receipt?.url, "https://receipt.example");
  assert.equal(old.virtualAccount?.bankCode, "88");
  assert.equal(old.transfer?.bankCode, "92");
});

Deno.test("unreadFields() names what could not be read, and no value", () => {
  const json = paymentJson({
    easyPay: 5,
    card: { number: ["4330"], issuerCode: "61" },
    approvedAt: { at: 1 },
    metadata: ["secret"],
    cancels: [cancel({ canceledAt: 7 }), cancel({ canceledAt: true })],
    novelty: "unknown fields are not ours to judge",
  });
  assert.deepEqual(unreadFields(json, PAYMENT.parse(json)).sort(), [
    "approvedAt",
    "cancels[].canceledAt",
    "card.number",
    "easyPay",
    "metadata",
  ]);
});
