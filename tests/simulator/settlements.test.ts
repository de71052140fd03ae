import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/simulator.ts";
import { withSimulator } from "./with-simulator.ts";

interface Line {
  transactionKey: string;
  paymentKey: string;
  method: string;
  amount: number;
  fees: { type: string; fee: number }[];
  supplyAmount: number;
  vat: number;
  payOutAmount: number;
  soldDate: string;
  paidOutDate: string;
  cancel: unknown;
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
    `/v1/settlements?startDate=2020-01-01&endDate=2099-01-01${query}`,
  );
  assert.equal(status, 200, JSON.stringify(json));
  return json;
}

async function pay(
  simulator: Simulator,
  orderId: string,
  method: "카드" | "계좌이체" = "카드",
): Promise<string> {
  const amount = 10_001;
  const { paymentKey } = simulator.createPayment({ orderId, amount, method });
  const body = { paymentKey, orderId, amount };
  const { status } = await call(simulator, "/v1/payments/confirm", body);
  assert.equal(status, 200);
  return paymentKey;
}

/** Monday, 7 December 2026, noon in Seoul. */
const MONDAY = "2026-12-07T12:00:00+09:00";

Deno.test("GET /v1/settlements lists approvals and cancels with their fees, page by page; a full refund gives the share back", async () => {
  await withSimulator(async (simulator) => {
    await simulator.advanceClocks({ to: MONDAY });
    const card = await pay(simulator, "order-1");
    await pay(simulator, "order-2", "계좌이체");
    for (const cancelAmount of [3_333, 6_668]) {
      await call(simulator, `/v1/payments/${card}/cancel`, {
        cancelReason: "환불",
        cancelAmount,
      });
    }
    const all = await list(simulator);
    assert.deepEqual(
      all.filter(({ paymentKey }) => paymentKey === card).map((
        { amount, supplyAmount, vat, payOutAmount, cancel },
      ) => [amount, supplyAmount, vat, payOutAmount, cancel !== null]),
      [
        [10_001, 320, 32, 9_649, false],
        [-3_333, -107, -11, -3_215, true],
        [-6_668, -213, -21, -6_434, true],
      ],
    );
    for (const { amount, fees, supplyAmount, vat, payOutAmount } of all) {
      assert.equal(fees[0]?.fee, supplyAmount + vat);
      assert.equal(payOutAmount, amount - supplyAmount - vat);
    }
    assert.deepEqual(
      all.filter(({ amount }) => amount > 0).map((
        { method, soldDate, paidOutDate },
      ) => [method, soldDate, paidOutDate]),
      [
        ["카드", "2026-12-07", "2026-12-11"],
        ["계좌이체", "2026-12-07", "2026-12-08"],
      ],
    );
    const pages = await Promise.all(
      [1, 2, 3].map((page) => list(simulator, `&page=${page}&size=3`)),
    );
    assert.deepEqual(pages.map(({ length }) => length), [3, 1, 0]);
    assert.deepEqual(pages.flat(), all);
  });
});

Deno.test("settlements are found by either day; without a merchant of one's own, or as under test keys, there are none", async () => {
  await withSimulator(async (simulator) => {
    await simulator.advanceClocks({ to: MONDAY });
    await pay(simulator, "order-1");
    const on = async (dateType: string, day: string) =>
      (await call<Line[]>(
        simulator,
        `/v1/settlements?startDate=${day}&endDate=${day}&dateType=${dateType}`,
      )).json.length;
    assert.equal(await on("soldDate", "2026-12-07"), 1);
    assert.equal(await on("paidOutDate", "2026-12-07"), 0);
    assert.equal(await on("paidOutDate", "2026-12-11"), 1);
    const { status } = await call(simulator, "/v1/settlements?startDate=then");
    assert.equal(status, 400);
    simulator.changeSettings({ showSettlements: false });
    assert.deepEqual(await list(simulator), []);
  });
});
