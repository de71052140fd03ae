import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  CHARGE,
  charge,
  CUSTOMER,
  deleteKey,
  newKey,
} from "./billing-client.ts";
import { control } from "./control-client.ts";
import { refusal } from "./toss-client.ts";
import { withReceiver, withSimulator } from "./with-simulator.ts";

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

Deno.test("simulator §12.8 deletes a key with 200 and nothing else, once", async () => {
  await withReceiver(async (simulator) => {
    const billingKey = await newKey(simulator);
    const { status, text } = await deleteKey(simulator, billingKey);
    assert.deepEqual([status, text], [200, ""]);
    for (const key of [billingKey, "unknown="]) {
      const result = await deleteKey(simulator, key);
      assert.equal(refusal(result), "400 BILLING_KEY_NOT_FOUND");
    }
    await simulator.settle();
    assert.deepEqual(simulator.deliveries(), []);
  });
});

Deno.test("simulator announces its own DELETE when told so", async () => {
  await withReceiver(async (simulator, receiver) => {
    const billingKey = await newKey(simulator);
    await deleteKey(simulator, billingKey);
    await simulator.settle();
    const [webhook] = receiver.received;
    assert.equal(webhook?.json.eventType, "BILLING_DELETED");
    assert.deepEqual(webhook?.json.data, { billingKey, reason: null });
  }, { announceOwnDelete: true });
});

Deno.test("simulator §7.1 sends BILLING_DELETED for a key that ends on Toss's side", async () => {
  await withReceiver(async (simulator, receiver) => {
    const billingKey = await newKey(simulator);
    const others = await newKey(simulator, { customerKey: "customer-2" });
    const removed = simulator.removeBillingKeys({
      keyDigest: sha256(billingKey),
      reason: "카드 해지",
    });
    assert.deepEqual(removed.map(({ customerKey }) => customerKey), [
      CUSTOMER.customerKey,
    ]);
    await simulator.settle();
    const [webhook, ...rest] = receiver.received;
    assert.deepEqual(rest, []);
    assert.deepEqual(Object.keys(webhook?.json ?? {}), [
      "eventType",
      "createdAt",
      "data",
    ]);
    assert.equal(webhook?.json.eventType, "BILLING_DELETED");
    assert.deepEqual(webhook?.json.data, { billingKey, reason: "카드 해지" });
    assert.match(
      webhook?.headers.get("tosspayments-webhook-transmission-id") ?? "",
      /^whtrans_/,
    );
    assert.equal(
      refusal(await charge(simulator, billingKey)),
      "400 ALREADY_REMOVED_BILLING_KEY",
    );
    assert.deepEqual(simulator.removeBillingKeys({ billingKey }), []);
    const spared = await charge(simulator, others, {
      customerKey: "customer-2",
    });
    assert.equal(spared.status, 200);
  });
});

Deno.test("control API authorises cards, lists keys and charges, and removes keys", async () => {
  await withSimulator(async (simulator) => {
    const authorized = await control(
      simulator,
      "POST /billing/authorizations",
      {
        ...CUSTOMER,
        lastDigits: "4242",
        issuerCode: "71",
      },
    );
    assert.equal(authorized.status, 201);
    assert.deepEqual(Object.keys(authorized.json), ["authKey", "customerKey"]);
    const billingKey = await newKey(simulator);
    await charge(simulator, billingKey);
    const headers = { "idempotency-key": "charge-2" };
    await charge(simulator, billingKey, { amount: 1 }, { headers });
    await charge(simulator, billingKey, { orderId: "charge-0002" });
    const keys = await control(simulator, "GET /billing/keys");
    const [{ issuedAt, ...key }] = keys.json;
    assert.match(issuedAt, /\+09:00$/);
    assert.deepEqual(key, {
      billingKey: `${billingKey.slice(0, 6)}****`,
      keyDigest: sha256(billingKey),
      customerKey: "customer-1",
      issuerCode: "11",
      cardType: "신용",
      cardNumberMasked: "94100012****789*",
      bankCode: null,
      accountNumberMasked: null,
      deletedAt: null,
    });
    const path = `GET /billing/charges?orderId=${CHARGE.orderId}`;
    const charges = (await control(simulator, path)).json;
    const outcomes = charges.map(({ outcome }: { outcome: string }) => outcome);
    assert.deepEqual(outcomes, ["DONE", "DUPLICATED_ORDER_ID"]);
    const { at: _at, ...second } = charges[1];
    assert.deepEqual(second, {
      orderId: CHARGE.orderId,
      amount: 1,
      customerKey: "customer-1",
      keyDigest: sha256(billingKey),
      idempotencyKey: "charge-2",
      outcome: "DUPLICATED_ORDER_ID",
      paymentKey: null,
    });
    assert.equal(
      (await control(simulator, "GET /billing/charges")).json.length,
      3,
    );
    const [book] = (await control(simulator, "GET /books")).json;
    assert.equal(book.type, "BILLING");
    assert.equal(book.keyDigest, sha256(billingKey));
    assert.equal(book.paymentKey, charges[0].paymentKey);
    const removed = await control(
      simulator,
      "POST /billing/keys/remove",
      CUSTOMER,
    );
    assert.equal(removed.json.length, 1);
    assert.notEqual(simulator.billingKeys()[0]?.deletedAt, null);
    await control(simulator, "POST /reset");
    assert.deepEqual(simulator.billingKeys(), []);
    assert.deepEqual(simulator.charges(), []);
  });
});
