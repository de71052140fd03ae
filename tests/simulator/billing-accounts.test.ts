import assert from "node:assert/strict";
import { charge, CUSTOMER, deleteKey, issue } from "./billing-client.ts";
import { control } from "./control-client.ts";
import { call } from "./toss-client.ts";
import { withSimulator } from "./with-simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";

async function newAccountKey(simulator: Simulator): Promise<string> {
  const authorization = simulator.authorizeAccount({
    ...CUSTOMER,
    bank: "신한",
    accountNumber: "110413789012",
  });
  const { status, json } = await issue(simulator, authorization);
  assert.equal(status, 200);
  return json.billingKey;
}

for (const apiVersion of ["1.4", "2022-11-16", "2024-06-01"] as const) {
  Deno.test(`simulator §3.1 answers the Billing object of an account in version ${apiVersion}`, async () => {
    await withSimulator(async (simulator) => {
      simulator.changeSettings({ apiVersion });
      const authorization = simulator.authorizeAccount({
        ...CUSTOMER,
        bank: "88",
      });
      const { json } = await issue(simulator, authorization);
      assert.equal(json.method, "계좌이체");
      assert.deepEqual(json.transfers, [
        { bankName: "신한", bankAccountNumber: "1000****5678" },
      ]);
      assert.equal(json.card, null);
      assert.equal(json.cardNumber ?? null, null);
      assert.equal(json.cardCompany ?? null, null);
    });
  });
}

Deno.test("simulator §2.2 charges an account at once, and without a webhook", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newAccountKey(simulator);
    const { status, json } = await charge(simulator, billingKey);
    assert.equal(status, 200);
    const { method, type, transfer, card } = json;
    assert.deepEqual([method, type, card], ["계좌이체", "BILLING", null]);
    assert.equal(transfer?.bankCode, "88");
    assert.deepEqual(simulator.deliveries(), []);
    const cancelled = await call(
      simulator,
      `POST /v1/payments/${json.paymentKey}/cancel`,
      { body: { cancelReason: "고객 변심", cancelAmount: 900 } },
    );
    assert.equal(cancelled.status, 200);
    assert.equal(cancelled.json.balanceAmount, 9_000);
  });
});

Deno.test("simulator §2.0 takes 200 to 10,000,000 won from an account", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newAccountKey(simulator);
    const amounts = {
      199: "BELOW_MINIMUM_AMOUNT",
      10_000_001: "EXCEED_MAX_AMOUNT",
    };
    for (const [amount, code] of Object.entries(amounts)) {
      const orderId = `charge-${amount}`;
      const { json } = await charge(simulator, billingKey, {
        orderId,
        amount: Number(amount),
      });
      assert.equal(json.code, code);
    }
    for (const amount of [200, 10_000_000]) {
      const orderId = `charge-${amount}`;
      const { status } = await charge(simulator, billingKey, {
        orderId,
        amount,
      });
      assert.equal(status, 200);
    }
  });
});

Deno.test("simulator declines an account's charges as the bank does, and deletes its key", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newAccountKey(simulator);
    for (const code of ["REJECT_ACCOUNT_PAYMENT", "NOT_AVAILABLE_BANK"]) {
      simulator.declineCharges({ customerKey: "customer-1", code });
      const { json } = await charge(simulator, billingKey);
      assert.equal(json.code, code);
    }
    assert.equal((await deleteKey(simulator, billingKey)).status, 200);
    const { json } = await charge(simulator, billingKey);
    assert.equal(json.code, "ALREADY_REMOVED_BILLING_KEY");
  });
});

Deno.test("control API authorises accounts and shows their keys", async () => {
  await withSimulator(async (simulator) => {
    const authorized = await control(
      simulator,
      "POST /billing/account-authorizations",
      { ...CUSTOMER, bank: "신한" },
    );
    assert.equal(authorized.status, 201);
    await issue(simulator, authorized.json);
    const [key] = (await control(simulator, "GET /billing/keys")).json;
    assert.deepEqual(
      [key.bankCode, key.accountNumberMasked, key.cardNumberMasked],
      ["88", "1000****5678", null],
    );
    const refused = await control(
      simulator,
      "POST /billing/account-authorizations",
      { ...CUSTOMER, bank: "없는은행" },
    );
    assert.equal(refused.status, 400);
  });
});
