import assert from "node:assert/strict";
import {
  API_VERSIONS,
  type ApiVersion,
} from "../../simulator/payments/api-version.ts";
import { call, confirm } from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

/** Which fields of a cancelled card payment each version has, and which not. */
const WORDS: Record<ApiVersion, { has: string[]; lacks: string[] }> = {
  "1.4": {
    has: ["transactionKey", "card.company", "mId"],
    lacks: [
      "lastTransactionKey",
      "card.issuerCode",
      "cancels.0.transactionKey",
      "cancels.0.cancelStatus",
      "receipt",
    ],
  },
  "2022-06-08": {
    has: ["transactionKey", "card.company", "cancels.0.transactionKey"],
    lacks: ["lastTransactionKey", "card.issuerCode"],
  },
  "2022-11-16": {
    has: ["lastTransactionKey", "card.issuerCode", "isPartialCancelable"],
    lacks: ["transactionKey", "card.company"],
  },
  "2024-06-01": {
    has: ["lastTransactionKey", "card.issuerCode", "partialCancelable"],
    lacks: ["mId", "isPartialCancelable", "card.company"],
  },
};

const valueAt = (body: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>(
    (value, name) => Object(value)[name],
    body,
  );

for (const apiVersion of API_VERSIONS) {
  Deno.test(`simulator answers in the words of version ${apiVersion}`, async () => {
    await withSimulator(async (simulator) => {
      const payment = simulator.createPayment(ORDER);
      await confirm(simulator, payment);
      const { json } = await call(
        simulator,
        `POST /v1/payments/${payment.paymentKey}/cancel`,
        { body: { cancelReason: "x", cancelAmount: 1000 } },
      );
      assert.equal(valueAt(json, "version"), apiVersion);
      assert.equal(json.status, "PARTIAL_CANCELED");
      for (const path of WORDS[apiVersion].has) {
        assert.notEqual(valueAt(json, path), undefined, path);
      }
      for (const path of WORDS[apiVersion].lacks) {
        assert.equal(valueAt(json, path), undefined, path);
      }
    }, { apiVersion });
  });
}

Deno.test("simulator puts any value into one field, of every entry of a list", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    await confirm(simulator, payment);
    const path = `/v1/payments/${payment.paymentKey}`;
    for (const _ of [1, 2]) {
      const body = { cancelReason: "x", cancelAmount: 1000 };
      await call(simulator, `POST ${path}/cancel`, { body });
    }
    for (
      const [field, value] of [
        ["easyPay", "토스결제"],
        ["card.number", { odd: true }],
        ["cancels[].canceledAt", 7],
        ["cancels[]", null],
        ["nowhere.to.be", 1],
      ] as const
    ) {
      simulator.addFault({ kind: "odd_field", field, value });
    }
    const read = async () => (await call(simulator, `GET ${path}`)).json;
    assert.equal(valueAt(await read(), "easyPay"), "토스결제");
    assert.deepEqual(valueAt(await read(), "card.number"), { odd: true });
    const { cancels } = await read();
    assert.deepEqual(cancels.map((cancel) => cancel.canceledAt), [7, 7]);
    assert.deepEqual((await read()).cancels, [null, null]);
    const untouched = await read();
    assert.deepEqual(await read(), untouched);
    assert.equal(valueAt(untouched, "nowhere"), undefined);
  });
});
