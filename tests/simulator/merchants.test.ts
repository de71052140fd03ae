import assert from "node:assert/strict";
import {
  SIMULATOR_BILLING_KEYS,
  SIMULATOR_KEYS,
  SIMULATOR_WIDGET_KEYS,
} from "../../simulator/options.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import { call, refusal } from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const OTHER = SIMULATOR_BILLING_KEYS;
const secretKeys = [SIMULATOR_KEYS, SIMULATOR_WIDGET_KEYS, OTHER];
const CONFIRM = "POST /v1/payments/confirm";

/** A payment of one pair, and what confirms it. */
function pay(simulator: Simulator, { clientKey }: { clientKey: string }) {
  const orderId = `order-${crypto.randomUUID()}`;
  const { paymentKey } = simulator.createPayment({
    ...ORDER,
    orderId,
    clientKey,
  });
  return { ...ORDER, orderId, paymentKey };
}

Deno.test("what one merchant made does not exist under another's key", async () => {
  await withSimulator(async (simulator) => {
    const body = pay(simulator, OTHER);
    const { secretKey } = OTHER;
    assert.equal(
      refusal(await call(simulator, CONFIRM, { body })),
      "404 NOT_FOUND_PAYMENT",
    );
    const made = await call(simulator, CONFIRM, { body, secretKey });
    assert.equal(made.status, 200);
    assert.equal(Object(made.json).mId, OTHER.merchantId);
    const route = `/v1/payments/${body.paymentKey}`;
    for (
      const [wrong, more] of [
        [`GET ${route}`, {}],
        [`GET /v1/payments/orders/${body.orderId}`, {}],
        [`POST ${route}/cancel`, { body: { cancelReason: "test" } }],
      ] as const
    ) {
      assert.equal(
        refusal(await call(simulator, wrong, more)),
        "404 NOT_FOUND_PAYMENT",
      );
      const right = await call(simulator, wrong, { ...more, secretKey });
      assert.equal(right.status, 200, wrong);
    }
  }, { secretKeys });
});

Deno.test("both pairs of one merchant see its payments, and each confirms its own alone", async () => {
  await withSimulator(async (simulator) => {
    const body = pay(simulator, SIMULATOR_WIDGET_KEYS);
    assert.equal(
      refusal(await call(simulator, CONFIRM, { body })),
      "400 INVALID_API_KEY",
    );
    const { secretKey } = SIMULATOR_WIDGET_KEYS;
    assert.equal(
      (await call(simulator, CONFIRM, { body, secretKey })).status,
      200,
    );
    const route = `GET /v1/payments/${body.paymentKey}`;
    assert.equal((await call(simulator, route)).status, 200);
  }, { secretKeys });
});

Deno.test("two merchants may have one orderId each", async () => {
  await withSimulator(async (simulator) => {
    const order = { orderId: "order-of-both", amount: 3_000 };
    const body = {
      ...order,
      orderName: "test",
      bank: "20",
      customerName: "김토스",
    };
    const route = "POST /v1/virtual-accounts";
    const first = await call(simulator, route, { body });
    const { secretKey } = OTHER;
    const second = await call(simulator, route, { body, secretKey });
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.notEqual(first.json.paymentKey, second.json.paymentKey);
    const read = await call(simulator, `GET /v1/payments/orders/order-of-both`);
    assert.equal(read.json.paymentKey, first.json.paymentKey);
  }, { secretKeys });
});

Deno.test("a billing key works for the merchant that issued it, and for no other", async () => {
  await withSimulator(async (simulator) => {
    const customerKey = "customer-of-one";
    const { clientKey, secretKey } = OTHER;
    const { authKey } = simulator.authorizeCard({ customerKey, clientKey });
    const body = { authKey, customerKey };
    const issue = "POST /v1/billing/authorizations/issue";
    assert.equal(
      refusal(await call(simulator, issue, { body })),
      "404 NOT_FOUND_BILLING",
    );
    const { json: { billingKey } } = await call(simulator, issue, {
      body,
      secretKey,
    });
    const charge = {
      body: { ...ORDER, orderName: "test", customerKey },
    };
    const route = `POST /v1/billing/${billingKey}`;
    const wrong = refusal(await call(simulator, route, charge));
    assert.match(wrong, /INVALID_BILL_KEY_REQUEST$/);
    const right = await call(simulator, route, { ...charge, secretKey });
    assert.equal(right.status, 200);
    const end = `DELETE /v1/billing/${billingKey}`;
    assert.match(
      refusal(await call(simulator, end)),
      /BILLING_KEY_NOT_FOUND$/,
    );
    assert.equal((await call(simulator, end, { secretKey })).status, 200);
  }, { secretKeys });
});

Deno.test("widget keys open neither billing nor accounts by API", async () => {
  await withSimulator(async (simulator) => {
    const { secretKey } = SIMULATOR_WIDGET_KEYS;
    for (
      const route of [
        "POST /v1/virtual-accounts",
        "POST /v1/billing/authorizations/issue",
        "POST /v1/billing/some-key",
      ]
    ) {
      const refused = await call(simulator, route, { body: {}, secretKey });
      assert.equal(refusal(refused), "403 FORBIDDEN_REQUEST", route);
    }
  }, { secretKeys });
});

Deno.test("the log tells with which pair each request came", async () => {
  await withSimulator(async (simulator) => {
    const route = "GET /v1/payments/unknown-payment";
    await call(simulator, route, { secretKey: OTHER.secretKey });
    await call(simulator, route, { secretKey: "test_sk_ofnobody" });
    assert.deepEqual(
      simulator.requests().map(({ clientKey }) => clientKey),
      [OTHER.clientKey, null],
    );
  }, { secretKeys });
});
