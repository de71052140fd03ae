import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Simulator } from "../../simulator/simulator.ts";
import { issueAccount } from "./toss-client.ts";
import { MINUTE, withSimulator } from "./with-simulator.ts";

interface Receipt {
  code: string;
  receiptKey: string;
  orderId: string;
  transactionType: string;
  amount: number;
  issueStatus: string;
  failure: { code: string } | null;
  customerIdentityNumber: string;
  requestedAt: string;
  hasNext: boolean;
  lastCursor: number | null;
  data: Receipt[];
}

const REQUEST = {
  amount: 15_000,
  orderId: "order-0001",
  orderName: "Book",
  type: "소득공제",
  customerIdentityNumber: "01012345678",
};

let keys = 0;

async function call(
  { url, secretKey }: Simulator,
  method: string,
  path: string,
  body?: unknown,
  idempotencyKey = `receipt-${++keys}`,
): Promise<{ status: number; json: Receipt }> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${secretKey}:`).toString("base64")}`,
      "content-type": "application/json",
      "idempotency-key": idempotencyKey,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json() };
}

function today(simulator: Simulator): string {
  return new Date(simulator.now() + 9 * 60 * MINUTE).toISOString().slice(0, 10);
}

async function listed(
  simulator: Simulator,
  query: Record<string, string> = {},
): Promise<Receipt> {
  const search = new URLSearchParams({
    requestDate: today(simulator),
    ...query,
  });
  const { status, json } = await call(
    simulator,
    "GET",
    `/v1/cash-receipts?${search}`,
  );
  assert.equal(status, 200);
  return json;
}

Deno.test("simulator §2.4 issues a cash receipt as often as it is asked, and once under one key", async () => {
  await withSimulator(async (simulator) => {
    const ask = (key?: string) =>
      call(simulator, "POST", "/v1/cash-receipts", REQUEST, key);
    const first = await ask("one");
    assert.equal(first.status, 200);
    assert.deepEqual(
      [first.json.transactionType, first.json.issueStatus, first.json.amount],
      ["CONFIRM", "COMPLETED", 15_000],
    );
    assert.deepEqual((await ask("one")).json, first.json);
    const second = await ask();
    assert.notEqual(second.json.receiptKey, first.json.receiptKey);
    assert.equal(simulator.cashReceipts().length, 2);
  });
});

Deno.test("simulator §2.4 cancels a part of a receipt, then the rest, never more", async () => {
  await withSimulator(async (simulator) => {
    const { json } = await call(
      simulator,
      "POST",
      "/v1/cash-receipts",
      REQUEST,
    );
    const path = `/v1/cash-receipts/${json.receiptKey}/cancel`;
    const part = await call(simulator, "POST", path, { amount: 5_000 });
    assert.deepEqual(
      [part.json.transactionType, part.json.amount, part.json.orderId],
      ["CANCEL", 5_000, REQUEST.orderId],
    );
    const much = await call(simulator, "POST", path, { amount: 10_001 });
    assert.deepEqual([much.status, much.json.code], [400, "INVALID_REQUEST"]);
    const rest = await call(simulator, "POST", path, {});
    assert.equal(rest.json.amount, 10_000);
    assert.equal((await call(simulator, "POST", path, {})).status, 400);
    const none = await call(
      simulator,
      "POST",
      "/v1/cash-receipts/cr_none/cancel",
      {},
    );
    assert.deepEqual([none.status, none.json.code], [404, "NOT_FOUND"]);
  });
});

Deno.test("simulator §2.4 lists the receipts of a day by cursor, and needs the day", async () => {
  await withSimulator(async (simulator) => {
    for (let count = 0; count < 5; count++) {
      await call(simulator, "POST", "/v1/cash-receipts", REQUEST);
    }
    const keys: string[] = [];
    let cursor: number | null = null;
    do {
      const page: Receipt = await listed(simulator, {
        limit: "2",
        ...(cursor === null ? {} : { cursor: String(cursor) }),
      });
      keys.push(...page.data.map(({ receiptKey }) => receiptKey));
      assert.equal(page.hasNext, keys.length < 5);
      cursor = page.hasNext ? page.lastCursor : null;
    } while (cursor !== null);
    assert.deepEqual(
      keys,
      simulator.cashReceipts().map(({ receiptKey }) => receiptKey),
    );
    const other = await listed(simulator, { requestDate: "2020-01-01" });
    assert.deepEqual([other.data, other.hasNext], [[], false]);
    const without = await call(simulator, "GET", "/v1/cash-receipts");
    assert.equal(without.status, 400);
  });
});

Deno.test("simulator §3.1 issues the receipt that was asked for with an account when the deposit comes, and takes it back", async () => {
  await withSimulator(async (simulator) => {
    const { json } = await issueAccount(simulator, {
      cashReceipt: { type: "소득공제", registrationNumber: "01012345678" },
    });
    const { paymentKey } = json;
    assert.deepEqual(simulator.cashReceipts(), []);
    simulator.deposit(paymentKey);
    const [issued] = simulator.cashReceipts();
    assert.deepEqual(
      [issued?.paymentKey, issued?.amount],
      [paymentKey, json.totalAmount],
    );
    const payment = await call(simulator, "GET", `/v1/payments/${paymentKey}`);
    assert.equal(JSON.stringify(payment.json).includes("cashReceipts"), true);
    simulator.reverseDeposit(paymentKey);
    assert.deepEqual(
      simulator.cashReceipts().map(({ transactionType, amount }) => [
        transactionType,
        amount,
      ]),
      [["CONFIRM", json.totalAmount], ["CANCEL", json.totalAmount]],
    );
  });
});

Deno.test("the tax office takes its time, or refuses, as the settings say", async () => {
  await withSimulator(async (simulator) => {
    simulator.changeSettings({ cashReceiptSeconds: 60 });
    const { json } = await call(
      simulator,
      "POST",
      "/v1/cash-receipts",
      REQUEST,
    );
    assert.equal(json.issueStatus, "IN_PROGRESS");
    await simulator.advance(MINUTE);
    assert.equal((await listed(simulator)).data[0]?.issueStatus, "COMPLETED");
    simulator.changeSettings({
      cashReceiptSeconds: 0,
      cashReceiptFailure: "INVALID_IDENTITY",
    });
    const refused = await call(
      simulator,
      "POST",
      "/v1/cash-receipts",
      REQUEST,
    );
    assert.deepEqual(
      [refused.json.issueStatus, refused.json.failure?.code],
      ["FAILED", "INVALID_IDENTITY"],
    );
  });
});

Deno.test("the page of the receipts hides whom they are for", async () => {
  await withSimulator(async (simulator) => {
    await call(simulator, "POST", "/v1/cash-receipts", REQUEST);
    const page = await (await fetch(`${simulator.url}/cash-receipts`)).text();
    assert.ok(page.includes(REQUEST.orderId) && page.includes("*******5678"));
    assert.ok(!page.includes(REQUEST.customerIdentityNumber));
  });
});
