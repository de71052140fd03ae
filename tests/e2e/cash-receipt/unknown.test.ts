import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import {
  dropReceipt,
  newReceiptRequest,
  paidByBank,
  receiptOperations,
  receiptRequests,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
  workReceiptsOff,
} from "../../support/cash-receipts.ts";
import { makeOperationDue } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { plantOnce } from "../../support/lost-answer.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

const ISSUE = { path: "/v1/cash-receipts", method: "POST" } as const;

const APPLIED: FaultInput[] = [
  { kind: "lose_answer_after" },
  { kind: "half_body" },
  { kind: "garbage" },
  { kind: "delay_after", milliseconds: 2600 },
  { kind: "status_after", code: "FAILED_INTERNAL_SYSTEM_PROCESSING" },
  { kind: "status_after", code: "PROVIDER_ERROR" },
];
const NOT_APPLIED: FaultInput[] = [
  { kind: "lose_answer_before" },
  { kind: "delay_before", milliseconds: 2600 },
  { kind: "status_before", code: "FAILED_INTERNAL_SYSTEM_PROCESSING" },
  { kind: "status_before", code: "BAD_GATEWAY", status: 502 },
];

function nameOf(fault: FaultInput): string {
  return "code" in fault ? `${fault.kind} ${fault.code}` : fault.kind;
}

/** Toss works on a slow request after its caller has gone; the database's clock, which tests move, knows nothing of it. */
async function finishedAtToss(shop: Shop): Promise<void> {
  await eventually(
    "Toss has finished",
    () => receiptRequests(shop).every(({ status }) => status !== null),
  );
}

/** Another receipt of the day, so that the list is more than what is looked for. */
async function busyDay(shop: Shop): Promise<void> {
  const { orderId } = await paidByBank(shop);
  await requestReceipt(shop, { orderId });
}

for (
  const [fault, what] of [
    ...APPLIED.map((fault) => [fault, "issued"] as const),
    ...NOT_APPLIED.map((fault) => [fault, "not issued"] as const),
  ]
) {
  test(`an issue whose answer was ${nameOf(fault)}, ${what}, ends with one receipt`, async (shop) => {
    await busyDay(shop);
    const { orderId } = await paidByBank(shop);
    const endFault = plantOnce(shop, { ...fault, ...ISSUE });
    const requestId = newReceiptRequest();
    const first = await requestReceipt(shop, { orderId, requestId });
    endFault();
    assert.equal(first.status, 202, JSON.stringify(first.body));
    await finishedAtToss(shop);
    await workReceiptsOff(shop);
    assert.equal(receiptsAtToss(shop, orderId).length, 1);
    const [row, ...more] = await receiptRows(shop, orderId);
    assert.deepEqual(more, []);
    const told = await requestReceipt(shop, { orderId, requestId });
    assert.equal(told.status, 201);
    assert.equal(told.body.receiptKey, row?.receipt_key);
  });

  test(`a cancel whose answer was ${nameOf(fault)}, ${what}, is made once`, async (shop) => {
    await busyDay(shop);
    const { orderId } = await paidByBank(shop);
    await requestReceipt(shop, { orderId });
    const endFault = plantOnce(shop, {
      ...fault,
      method: "POST",
      pathPattern: "^/v1/cash-receipts/.+/cancel$",
    });
    const request = { orderId, amount: 700, requestId: newReceiptRequest() };
    const first = await dropReceipt(shop, request);
    endFault();
    assert.equal(first.status, 202, JSON.stringify(first.body));
    await finishedAtToss(shop);
    await workReceiptsOff(shop);
    const canceled = receiptsAtToss(shop, orderId)
      .filter(({ transactionType }) => transactionType === "CANCEL");
    assert.deepEqual(canceled.map(({ amount }) => amount), [700]);
    const told = await dropReceipt(shop, request);
    assert.deepEqual([told.status, told.body.amount], [200, 700]);
  });
}

/** Lets a key's time be over, so that Toss's list has to tell. */
async function tire(shop: Shop, orderId: string): Promise<void> {
  await moveDatabaseClock(shop, 150);
  await makeOperationDue(shop, orderId);
  await work(shop, "operations");
}

test("a receipt that no key tells of any more is found in Toss's list", async (shop) => {
  const { orderId } = await paidByBank(shop);
  await busyDay(shop);
  shop.simulator.addFault({ ...ISSUE, kind: "garbage", count: "always" });
  const { status } = await requestReceipt(shop, { orderId });
  assert.equal(status, 202);
  await tire(shop, orderId);
  const listed = shop.simulator.requests().filter(({ method, path }) =>
    method === "GET" && path.startsWith("/v1/cash-receipts?requestDate=")
  );
  assert.ok(listed.length > 0, "Toss's list was not read");
  const [operation] = await receiptOperations(shop, orderId);
  assert.equal(operation?.state, "succeeded");
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
});

test("a database that was put back asks the same question, and Toss answers as before", async (shop) => {
  const { orderId } = await paidByBank(shop);
  const { body } = await requestReceipt(shop, { orderId });
  const { sql } = shop.stack;
  await sql`delete from public.cash_receipts where order_id = ${orderId}`;
  await sql`
    delete from public.outbox_events where subject = ${orderId} and event_type like 'cash_receipt.%'`;
  await sql`
    delete from public.operations where order_id = ${orderId} and kind = 'cash_receipt'`;
  const again = await requestReceipt(shop, { orderId });
  assert.deepEqual([again.status, again.body], [201, body]);
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
});

test("a list that does not answer concludes nothing", async (shop) => {
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({ ...ISSUE, kind: "garbage", count: "always" });
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "GET",
    path: "/v1/cash-receipts",
    count: "always",
  });
  await requestReceipt(shop, { orderId });
  await tire(shop, orderId);
  assert.equal((await receiptOperations(shop, orderId))[0]?.state, "unknown");
  shop.simulator.clearFaults();
  await workReceiptsOff(shop);
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
});

test("an issue that acts after its error answer is not sent again before its time is over", async (shop) => {
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({
    ...ISSUE,
    kind: "answer",
    status: 500,
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    acts: "later",
    seconds: 40,
  });
  const { status } = await requestReceipt(shop, { orderId });
  assert.equal(status, 202);
  for (const seconds of [10, 20, 20]) {
    await shop.stack.advanceClock({ seconds });
    await work(shop, "operations");
  }
  await workReceiptsOff(shop);
  assert.equal(receiptsAtToss(shop, orderId).length, 1);
  assert.equal((await receiptOperations(shop, orderId))[0]?.state, "succeeded");
});

test("a refusal that nobody knows stands once Toss's list shows nothing", async (shop) => {
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({
    ...ISSUE,
    kind: "answer",
    status: 400,
    code: "SOMETHING_ABOUT_RECEIPTS",
    acts: "never",
  });
  const requestId = newReceiptRequest();
  const first = await requestReceipt(shop, { orderId, requestId });
  assert.equal(first.status, 202);
  await workReceiptsOff(shop);
  const [operation] = await receiptOperations(shop, orderId);
  assert.deepEqual([operation?.state, operation?.error_code], [
    "rejected",
    "SOMETHING_ABOUT_RECEIPTS",
  ]);
  assert.equal(receiptsAtToss(shop, orderId).length, 0);
});

test("a key of ours that Toss refuses says nothing about the receipt", async (shop) => {
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({
    ...ISSUE,
    kind: "status_before",
    code: "UNAUTHORIZED_KEY",
  });
  const requestId = newReceiptRequest();
  const refused = await requestReceipt(shop, { orderId, requestId });
  assert.deepEqual([refused.status, refused.body.code], [
    500,
    "not_configured",
  ]);
  const again = await requestReceipt(shop, { orderId, requestId });
  assert.equal(again.status, 201);
  assert.equal(receiptRequests(shop).length > 0, true);
});
