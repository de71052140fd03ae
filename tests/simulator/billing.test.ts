import assert from "node:assert/strict";
import {
  CHARGE,
  charge,
  CUSTOMER,
  deleteKey,
  newKey,
} from "./billing-client.ts";
import { call, cancel, confirm, refusal } from "./toss-client.ts";
import { withReceiver, withSimulator } from "./with-simulator.ts";

const KEY = { headers: { "idempotency-key": "charge-1" } };

Deno.test("simulator §2.2 charges a billing key at once", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator, {
      lastDigits: "1234",
      issuerCode: "41",
      cardType: "체크",
    });
    const { status, json } = await charge(simulator, billingKey, {
      customerName: "김토스",
      customerEmail: "customer@example.com",
      customerIp: "127.0.0.1",
      taxFreeAmount: 900,
    });
    assert.equal(status, 200);
    assert.equal(json.type, "BILLING");
    assert.equal(json.status, "DONE");
    assert.equal(json.method, "카드");
    assert.equal(json.totalAmount, 9900);
    assert.equal(json.balanceAmount, 9900);
    assert.match(json.secret ?? "", /^ps_\w{20,47}$/);
    assert.match(json.approvedAt, /\+09:00$/);
    const { issuerCode, number, cardType, amount } = json.card;
    assert.deepEqual([issuerCode, number, cardType, amount], [
      "41",
      "94100012****123*",
      "체크",
      9900,
    ]);
    assert.equal(JSON.stringify(json).includes(billingKey), false);
  });
});

Deno.test("simulator §2.2 takes the billing key raw and percent-encoded", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    assert.ok(billingKey.endsWith("="));
    const paths = [billingKey, encodeURIComponent(billingKey)];
    assert.notEqual(paths[0], paths[1]);
    for (const [index, path] of paths.entries()) {
      const body = { ...CHARGE, orderId: `charge-000${index}` };
      const result = await call(simulator, `POST /v1/billing/${path}`, {
        body,
      });
      assert.equal(result.json.status, "DONE");
    }
  });
});

Deno.test("simulator §2.1 reads and cancels a charge as any payment", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const { json } = await charge(simulator, billingKey);
    const byKey = await call(simulator, `GET /v1/payments/${json.paymentKey}`);
    const byOrder = await call(
      simulator,
      `GET /v1/payments/orders/${CHARGE.orderId}`,
    );
    assert.deepEqual(byKey.json, json);
    assert.deepEqual(byOrder.json, json);
    const part = await cancel(simulator, json.paymentKey, {
      cancelAmount: 900,
    });
    assert.equal(part.json.status, "PARTIAL_CANCELED");
    assert.equal(part.json.balanceAmount, 9000);
  });
});

Deno.test("simulator §7.1 sends no webhook for a charge, but for its cancel", async () => {
  await withReceiver(async (simulator, receiver) => {
    const billingKey = await newKey(simulator);
    const { json } = await charge(simulator, billingKey);
    simulator.declineCharges({ code: "REJECT_CARD_PAYMENT" });
    await charge(simulator, billingKey, { orderId: "charge-0002" });
    await simulator.settle();
    assert.deepEqual(simulator.deliveries(), []);
    await cancel(simulator, json.paymentKey);
    await simulator.settle();
    assert.deepEqual(
      receiver.received.map(({ json }) => [json.eventType, json.data.status]),
      [["PAYMENT_STATUS_CHANGED", "CANCELED"]],
    );
  });
});

Deno.test("simulator §5.5 refuses a charge that cannot be", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const cases: [Record<string, unknown>, string][] = [
      [{ customerKey: "customer-2" }, "400 NOT_MATCHES_CUSTOMER_KEY"],
      [{ amount: 99 }, "400 BELOW_MINIMUM_AMOUNT"],
      [{ amount: 0 }, "400 BELOW_ZERO_AMOUNT"],
      [{ amount: 9900.5 }, "400 INVALID_REQUEST"],
      [{ amount: undefined }, "400 INVALID_REQUEST"],
      [{ orderId: "short" }, "400 INVALID_REQUEST"],
      [{ orderName: "n".repeat(101) }, "400 INVALID_REQUEST"],
      [{ customerKey: undefined }, "400 INVALID_REQUEST"],
      [{ taxFreeAmount: 9901 }, "400 INVALID_REQUEST"],
      [{ taxExemptionAmount: 1 }, "400 INVALID_REQUEST"],
    ];
    for (const [change, expected] of cases) {
      const result = await charge(simulator, billingKey, change);
      assert.equal(refusal(result), expected, JSON.stringify(change));
    }
    const unknown = await charge(simulator, "unknown=");
    assert.equal(refusal(unknown), "400 INVALID_BILL_KEY_REQUEST");
    assert.deepEqual(simulator.books(), []);
    const smallest = await charge(simulator, billingKey, { amount: 100 });
    assert.equal(smallest.status, 200);
  });
});

Deno.test("simulator §2.2 refuses a charge of a deleted key", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    await deleteKey(simulator, billingKey);
    const result = await charge(simulator, billingKey);
    assert.equal(refusal(result), "400 ALREADY_REMOVED_BILLING_KEY");
  });
});

Deno.test("simulator §5.5 refuses an orderId that was approved, canceled or not", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const { json } = await charge(simulator, billingKey);
    const duplicate = async () =>
      refusal(await charge(simulator, billingKey, { amount: 100 }));
    assert.equal(await duplicate(), "400 DUPLICATED_ORDER_ID");
    await cancel(simulator, json.paymentKey);
    assert.equal(await duplicate(), "400 DUPLICATED_ORDER_ID");
    const normal = { orderId: "order-0001", amount: 15_000 };
    await confirm(simulator, simulator.createPayment(normal));
    const used = await charge(simulator, billingKey, { orderId: "order-0001" });
    assert.equal(refusal(used), "400 DUPLICATED_ORDER_ID");
    simulator.createPayment({ orderId: "order-0002", amount: 15_000 });
    const open = await charge(simulator, billingKey, { orderId: "order-0002" });
    assert.equal(open.status, 200);
  });
});

Deno.test("simulator §4 replays a charge under its Idempotency-Key without a second effect", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const first = await charge(simulator, billingKey, {}, KEY);
    const second = await charge(simulator, billingKey, { amount: 1 }, KEY);
    assert.equal(second.status, 200);
    assert.equal(second.text, first.text);
    assert.equal(simulator.books()[0]?.approvals, 1);
    assert.equal(simulator.charges().length, 1);
  });
});

Deno.test("simulator §6 refuses every charge of a card it cannot identify", async () => {
  await withSimulator(async (simulator) => {
    for (const cardNumber of ["4330121234567890", "5520221234567890"]) {
      const route = "POST /v1/billing/authorizations/card";
      const body = {
        ...CUSTOMER,
        cardNumber,
        cardExpirationYear: "99",
        cardExpirationMonth: "12",
        customerIdentityNumber: "900101",
      };
      const issued = await call(simulator, route, { body });
      assert.equal(issued.json.card.cardType, "미확인");
      const result = await charge(simulator, issued.json.billingKey);
      assert.equal(refusal(result), "400 NOT_SUPPORTED_CARD_TYPE");
    }
  });
});

Deno.test("simulator §2.2 refuses a charge when the card has expired", async () => {
  await withSimulator(async (simulator) => {
    const expirationMonth = "2099-12";
    const billingKey = await newKey(simulator, { expirationMonth });
    // 2099-12-31T23:59:00+09:00
    const end = Date.UTC(2099, 11, 31, 14, 59);
    await simulator.advance(end - simulator.now());
    assert.equal((await charge(simulator, billingKey)).status, 200);
    await simulator.advance(60_000);
    const orderId = "charge-0002";
    const late = await charge(simulator, billingKey, { orderId });
    assert.equal(refusal(late), "400 INVALID_CARD_EXPIRATION");
  });
});
