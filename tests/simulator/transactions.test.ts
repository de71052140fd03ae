import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/simulator.ts";
import { withSimulator } from "./with-simulator.ts";

interface Line {
  mId: string;
  transactionKey: string;
  paymentKey: string;
  status: string;
  amount: number;
  transactionAt: string;
}

async function call<Answer>(
  { url, secretKey }: Simulator,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Basic ${btoa(`${secretKey}:`)}`,
      "content-type": "application/json",
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

async function list(simulator: Simulator, query = ""): Promise<Line[]> {
  const { status, json } = await call<Line[]>(
    simulator,
    `/v1/transactions?startDate=2020-01-01&endDate=2099-01-01T00:00:00${query}`,
  );
  assert.equal(status, 200, JSON.stringify(json));
  return json;
}

async function pay(simulator: Simulator, orderId: string): Promise<string> {
  const { paymentKey } = simulator.createPayment({ orderId, amount: 1000 });
  const body = { paymentKey, orderId, amount: 1000 };
  await call(simulator, "/v1/payments/confirm", body);
  return paymentKey;
}

Deno.test("GET /v1/transactions lists approvals and cancels, page by page, of the merchant that asks", async () => {
  await withSimulator(async (simulator) => {
    const first = await pay(simulator, "order-1");
    await pay(simulator, "order-2");
    simulator.createPayment({ orderId: "order-3", amount: 1000 });
    await call(simulator, `/v1/payments/${first}/cancel`, {
      cancelReason: "test",
      cancelAmount: 400,
    });
    const all = await list(simulator);
    assert.deepEqual(
      all.map(({ status, amount }) => `${status} ${amount}`).sort(),
      ["DONE 1000", "DONE 1000", "PARTIAL_CANCELED 400"],
    );
    assert.match(all[0]?.transactionAt ?? "", /\+09:00$/);
    const [one, ...more] = await list(simulator, "&limit=1");
    assert.deepEqual(more, []);
    assert.deepEqual(
      await list(simulator, `&startingAfter=${one?.transactionKey}`),
      all.slice(1),
    );
    const last = all.at(-1)?.transactionKey;
    assert.deepEqual(await list(simulator, `&startingAfter=${last}`), []);
  });
});

Deno.test("a date with an offset is INVALID_DATE, and rows can lag, be left out, be another shop's or be forgotten", async () => {
  await withSimulator(async (simulator) => {
    const refused = await call<{ code: string }>(
      simulator,
      "/v1/transactions?startDate=2020-01-01T00:00:00Z&endDate=2099-01-01",
    );
    assert.deepEqual([refused.status, refused.json.code], [
      400,
      "INVALID_DATE",
    ]);
    const paymentKey = await pay(simulator, "order-1");
    simulator.changeSettings({ transactionLagSeconds: 60 });
    assert.deepEqual(await list(simulator), []);
    await simulator.advance(60_000);
    assert.equal((await list(simulator)).length, 1);
    simulator.addForeignTransactions({ count: 2, at: 1_600_000_000_000 });
    const foreign = (await list(simulator)).filter(({ mId }) =>
      mId === "othershop"
    );
    assert.equal(foreign.length, 2);
    simulator.unlist(foreign.map(({ transactionKey }) => transactionKey));
    assert.equal((await list(simulator)).length, 1);
    assert.ok(simulator.forgetPayment(paymentKey));
    assert.deepEqual(await list(simulator), []);
    const gone = await call(simulator, `/v1/payments/${paymentKey}`);
    assert.equal(gone.status, 404);
  });
});
