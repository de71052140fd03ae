import assert from "node:assert/strict";
import { call, cancel, confirm, refusal } from "./toss-client.ts";
import { MINUTE, ORDER, withSimulator } from "./with-simulator.ts";

Deno.test("simulator §3.1 answers the whole Payment object", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment({ ...ORDER, taxFreeAmount: 4000 });
    const { json } = await confirm(simulator, payment);
    const { approvedAt, requestedAt, lastTransactionKey, card, ...rest } = json;
    assert.match(approvedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00$/);
    assert.match(requestedAt, /\+09:00$/);
    assert.match(lastTransactionKey, /^txrd_/);
    assert.equal(card.number, "94100012****789*");
    assert.equal(card.amount, 15_000);
    const link = `${simulator.url}/receipt/redirection?transactionId=` +
      `${payment.paymentKey}&ref=PX`;
    assert.deepEqual(rest, {
      mId: "tosssimulator",
      version: "2022-11-16",
      paymentKey: payment.paymentKey,
      type: "NORMAL",
      orderId: "order-0001",
      orderName: "Simulated order",
      currency: "KRW",
      method: "카드",
      status: "DONE",
      totalAmount: 15_000,
      balanceAmount: 15_000,
      suppliedAmount: 10_000,
      vat: 1000,
      taxFreeAmount: 4000,
      taxExemptionAmount: 0,
      useEscrow: false,
      cultureExpense: false,
      cancels: null,
      isPartialCancelable: true,
      virtualAccount: null,
      secret: null,
      mobilePhone: null,
      giftCertificate: null,
      transfer: null,
      easyPay: null,
      metadata: null,
      receipt: { url: link },
      checkout: {
        url: `${simulator.url}/v1/payments/${payment.paymentKey}/checkout`,
      },
      country: "KR",
      failure: null,
      cashReceipt: null,
      cashReceipts: null,
      discount: null,
    });
    const receipt = await fetch(link);
    assert.match(await receipt.text(), /15,000원/);
  });
});

Deno.test("simulator §2.0 refuses a malformed confirm", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const bodies = [
      {},
      { ...payment, amount: "15000" },
      { ...payment, orderId: "short" },
      { ...payment, orderId: "order with spaces" },
      { ...payment, paymentKey: "k".repeat(201) },
    ];
    for (const body of bodies) {
      const route = "POST /v1/payments/confirm";
      const result = await call(simulator, route, { body });
      assert.equal(refusal(result), "400 INVALID_REQUEST");
    }
    assert.equal(simulator.books()[0]?.status, "IN_PROGRESS");
  });
});

Deno.test("simulator §2.1 reads by key and by order, the latest attempt first", async () => {
  await withSimulator(async (simulator) => {
    const first = simulator.createPayment(ORDER);
    const second = simulator.createPayment(ORDER);
    const byKey = await call(
      simulator,
      `GET /v1/payments/${first.paymentKey}`,
    );
    assert.equal(byKey.json.paymentKey, first.paymentKey);
    const route = `GET /v1/payments/orders/${ORDER.orderId}`;
    const byOrder = await call(simulator, route);
    assert.equal(byOrder.json.paymentKey, second.paymentKey);
    for (const path of ["nothing", "orders/nothing"]) {
      const result = await call(simulator, `GET /v1/payments/${path}`);
      assert.equal(refusal(result), "404 NOT_FOUND_PAYMENT");
    }
  });
});

Deno.test("simulator §12.4 expires READY after 30 minutes", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment({ ...ORDER, authenticated: false });
    await simulator.advance(30 * MINUTE - 1000);
    assert.equal(simulator.books()[0]?.status, "READY");
    await simulator.advance(1000);
    const path = `GET /v1/payments/${payment.paymentKey}`;
    const { json } = await call(simulator, path);
    const { status, failure, method, approvedAt, receipt, useEscrow } = json;
    assert.equal(status, "EXPIRED");
    assert.equal(failure.code, "EXPIRED_PAYMENT");
    assert.deepEqual([method, approvedAt, receipt, useEscrow], [
      null,
      null,
      null,
      null,
    ]);
  });
});

Deno.test("simulator §12.4 refuses a confirm 10 minutes after authentication", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment({ ...ORDER, authenticated: false });
    const early = await confirm(simulator, payment);
    assert.equal(refusal(early), "404 NOT_FOUND_PAYMENT_SESSION");
    await simulator.advance(29 * MINUTE);
    simulator.authenticate(payment.paymentKey);
    await simulator.advance(10 * MINUTE - 1000);
    assert.equal(simulator.books()[0]?.status, "IN_PROGRESS");
    await simulator.advance(1000);
    const late = await confirm(simulator, payment);
    assert.equal(refusal(late), "404 NOT_FOUND_PAYMENT_SESSION");
    assert.equal(simulator.books()[0]?.status, "EXPIRED");
    assert.equal(simulator.books()[0]?.approvals, 0);
  });
});

Deno.test("simulator §12.5 refuses a second confirm without Idempotency-Key", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    await confirm(simulator, payment);
    const second = await confirm(simulator, payment);
    assert.equal(refusal(second), "400 ALREADY_PROCESSED_PAYMENT");
    assert.equal(simulator.books()[0]?.approvals, 1);
  });
});

Deno.test("simulator §12.5 refuses a mismatch with the configured code", async () => {
  const expected = {
    INVALID_REQUEST: "400 INVALID_REQUEST",
    FORBIDDEN_REQUEST: "403 FORBIDDEN_REQUEST",
  };
  for (const code of ["INVALID_REQUEST", "FORBIDDEN_REQUEST"] as const) {
    await withSimulator(async (simulator) => {
      const payment = simulator.createPayment(ORDER);
      const changes = [{ amount: 14_999 }, { orderId: "order-0002" }];
      for (const change of changes) {
        const result = await confirm(simulator, { ...payment, ...change });
        assert.equal(refusal(result), expected[code]);
      }
      assert.equal((await confirm(simulator, payment)).status, 200);
    }, { mismatchCode: code });
  }
});

Deno.test("simulator declines a payment finally, with the chosen code", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    simulator.decline(payment.paymentKey, "REJECT_CARD_PAYMENT");
    const declined = await confirm(simulator, payment);
    assert.equal(refusal(declined), "403 REJECT_CARD_PAYMENT");
    const route = `GET /v1/payments/${payment.paymentKey}`;
    const { json } = await call(simulator, route);
    assert.equal(json.status, "ABORTED");
    assert.equal(json.failure.code, "REJECT_CARD_PAYMENT");
    const again = await confirm(simulator, payment);
    assert.equal(refusal(again), "400 ALREADY_PROCESSED_PAYMENT");
    assert.equal(simulator.books()[0]?.takenAmount, 0);
  });
});

Deno.test("simulator declines a card number as often as told", async () => {
  await withSimulator(async (simulator) => {
    const cardNumber = "4906251234123456";
    const code = "INVALID_STOPPED_CARD";
    simulator.declineCard({ cardNumber, code, count: 1 });
    const other = simulator.createPayment(ORDER);
    assert.equal((await confirm(simulator, other)).status, 200);
    const first = simulator.createPayment({ ...ORDER, cardNumber });
    assert.equal(
      refusal(await confirm(simulator, first)),
      "400 INVALID_STOPPED_CARD",
    );
    const second = simulator.createPayment({ ...ORDER, cardNumber });
    assert.equal((await confirm(simulator, second)).status, 200);
  });
});

Deno.test("simulator §2.0 enforces the amount limits of the methods", async () => {
  await withSimulator(async (simulator) => {
    const cases = [
      { amount: 99, method: "카드", code: "400 BELOW_MINIMUM_AMOUNT" },
      { amount: 199, method: "계좌이체", code: "400 BELOW_MINIMUM_AMOUNT" },
      { amount: 10_000_001, method: "계좌이체", code: "400 EXCEED_MAX_AMOUNT" },
    ] as const;
    for (const { amount, method, code } of cases) {
      const payment = simulator.createPayment({ ...ORDER, amount, method });
      assert.equal(refusal(await confirm(simulator, payment)), code);
    }
  });
});

Deno.test("simulator §3.1 fills only the part of the method that was used", async () => {
  await withSimulator(async (simulator) => {
    const parts = {
      "카드": "card",
      "간편결제": "easyPay",
      "계좌이체": "transfer",
      "휴대폰": "mobilePhone",
      "문화상품권": "giftCertificate",
    } as const;
    const all = new Set(Object.values(parts));
    for (const [method, part] of Object.entries(parts)) {
      const input = { ...ORDER, method } as typeof ORDER & {
        method: keyof typeof parts;
      };
      const payment = simulator.createPayment(input);
      const { json } = await confirm(simulator, payment);
      assert.equal(json.method, method);
      const filled = [...all].filter((name) =>
        Reflect.get(json, name) !== null
      );
      assert.deepEqual(filled, [part]);
    }
  });
});

Deno.test("simulator shows the balance of each approval in its books", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    await confirm(simulator, payment);
    await cancel(simulator, payment.paymentKey, { cancelAmount: 4000 });
    const [book] = simulator.books();
    assert.equal(book?.takenAmount, 15_000);
    assert.equal(book?.canceledAmount, 4000);
    assert.equal(book?.balanceAmount, 11_000);
  });
});
