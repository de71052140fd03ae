import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import { placeOrder } from "../../support/buy.ts";
import {
  makeOperationDue,
  operationRows,
  orderRow,
} from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import {
  accountsAtToss,
  issuedBy,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import { plantOnce } from "../../support/lost-answer.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

/** Toss's time to answer and the margin, after which a row is anybody's. */
const LEASE_SECONDS = 7;

const ISSUE = { path: "/v1/virtual-accounts" };

function issueRequests({ simulator }: Shop) {
  return simulator.requests().filter(({ path }) => path === ISSUE.path);
}

/** An order whose account was asked for, and nobody knows whether it was issued. */
async function beginWithFault(
  shop: Shop,
  fault: FaultInput,
): Promise<string> {
  withoutWebhooks(shop);
  const { orderId } = await placeOrder(shop);
  const endFault = plantOnce(shop, { ...fault, ...ISSUE });
  const { status, body } = await requestAccount(shop, { orderId });
  endFault();
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual(body, { status: "processing", orderId });
  return orderId;
}

/** The worker comes by every half minute until the issue is proven. */
async function workUntilIssued(shop: Shop, orderId: string): Promise<void> {
  await eventually(`the issue for ${orderId} is proven`, async () => {
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    return (await orderRow(shop, orderId)).status === "waiting_for_deposit";
  });
}

/** One account was issued, and it is the order's. */
async function assertIssuedOnce(shop: Shop, orderId: string): Promise<void> {
  const [book, ...others] = accountsAtToss(shop, orderId);
  assert.deepEqual(others, []);
  const order = await orderRow(shop, orderId);
  assert.deepEqual(order, {
    status: "waiting_for_deposit",
    payment_key: book?.paymentKey ?? null,
  });
  const issued = issuedBy(await requestAccount(shop, { orderId }));
  assert.equal(
    issued.virtualAccount.accountNumber,
    book?.virtualAccount?.accountNumber,
  );
}

const FAULTS: [string, FaultInput][] = [
  ["issued", { kind: "lose_answer_after" }],
  ["issued", { kind: "half_body" }],
  ["issued", { kind: "garbage" }],
  ["issued", { kind: "delay_after", milliseconds: 2600 }],
  ["issued", { kind: "status_after", code: "FAILED_DB_PROCESSING" }],
  ["not issued", { kind: "lose_answer_before" }],
  ["not issued", { kind: "delay_before", milliseconds: 2600 }],
  ["not issued", { kind: "status_before", code: "FAILED_DB_PROCESSING" }],
  ["not issued", { kind: "status_before", code: "BAD_GATEWAY", status: 502 }],
];

for (const [what, fault] of FAULTS) {
  const name = "code" in fault ? fault.code : fault.kind;

  test(`worker operations finishes an issue after ${name}, ${what}, with one account`, async (shop) => {
    const orderId = await beginWithFault(shop, fault);
    await workUntilIssued(shop, orderId);
    await assertIssuedOnce(shop, orderId);
  });
}

test("the next request finishes an issue whose answer was lost", async (shop) => {
  const orderId = await beginWithFault(shop, { kind: "lose_answer_after" });
  await makeOperationDue(shop, orderId);

  issuedBy(await requestAccount(shop, { orderId }));

  await assertIssuedOnce(shop, orderId);
});

test("the webhook of an issue whose answer was lost brings the account", async (shop) => {
  const { orderId } = await placeOrder(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    count: "always",
    ...ISSUE,
  });

  const { status } = await requestAccount(shop, { orderId });
  await settleWebhooks(shop);

  assert.ok([201, 202].includes(status));
  await assertIssuedOnce(shop, orderId);
});

test("an order does not expire while nobody knows whether its account was issued", async (shop) => {
  const orderId = await beginWithFault(shop, { kind: "lose_answer_after" });
  await moveDatabaseClock(shop, 3700);

  await work(shop, "expiry");
  assert.equal((await orderRow(shop, orderId)).status, "pending");
  await work(shop, "operations");

  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
});

test("a deposit into an account that nobody knows of yet pays the order", async (shop) => {
  const orderId = await beginWithFault(shop, { kind: "lose_answer_after" });
  const [book] = accountsAtToss(shop, orderId);
  await payIn(shop, book?.paymentKey ?? "");
  await moveDatabaseClock(shop, 3);

  await work(shop, "operations");
  await moveDatabaseClock(shop, 700);
  await work(shop, "expiry");

  assert.equal((await orderRow(shop, orderId)).status, "paid");
  const { status, body } = await requestAccount(shop, { orderId });
  assert.deepEqual([status, body.code], [409, "payment_already_confirmed"]);
});

for (const kind of ["delay_before", "delay_after"] as const) {
  test(`a function that is killed during an issue (${kind}) costs one lease and no second account`, async (shop) => {
    withoutWebhooks(shop);
    const { orderId } = await placeOrder(shop);
    shop.simulator.addFault({ kind, milliseconds: 300, ...ISSUE });
    const before = issueRequests(shop).length;
    const cut = requestAccount(shop, { orderId }).catch(() => null);
    await eventually(
      "the issue is at Toss",
      () => issueRequests(shop).length > before,
    );
    await shop.stack.killFunctions();
    await cut;

    assert.equal((await work(shop, "operations")).claimed, 0);
    await moveDatabaseClock(shop, LEASE_SECONDS + 0.1);
    await workUntilIssued(shop, orderId);

    await assertIssuedOnce(shop, orderId);
  });
}

const REFUSALS: [string, number, string, string][] = [
  ["INVALID_BANK", 402, "payment_confirm_failed", "fix_input"],
  ["EXCEED_MAX_DUE_DATE", 402, "payment_confirm_failed", "fix_input"],
  ["INVALID_REQUEST", 402, "payment_confirm_failed", "contact_support"],
  ["REQUIRED_ACCOUNT_KEY", 402, "payment_confirm_failed", "contact_support"],
  ["UNAUTHORIZED_KEY", 500, "not_configured", "contact_support"],
  ["INCORRECT_BASIC_AUTH_FORMAT", 500, "not_configured", "contact_support"],
];

for (const [tossCode, status, code, action] of REFUSALS) {
  test(`virtual-account() answers ${code} when Toss refuses with ${tossCode}, and the order may try again`, async (shop) => {
    const { orderId } = await placeOrder(shop);
    shop.simulator.addFault({
      kind: "status_before",
      code: tossCode,
      ...ISSUE,
    });

    const answer = await requestAccount(shop, { orderId });

    assert.equal(answer.status, status);
    assert.equal(answer.body.code, code);
    assert.equal(answer.body.action, action);
    assert.equal(answer.body.tossCode, tossCode);
    const [operation] = await operationRows(shop, orderId);
    assert.equal(operation?.state, "rejected");
    assert.equal((await orderRow(shop, orderId)).status, "pending");
    issuedBy(await requestAccount(shop, { orderId, bank: "88" }));
    assert.equal(accountsAtToss(shop, orderId).length, 1);
  });
}

test("an account that Toss has issued already for the order is adopted", async (shop) => {
  withoutWebhooks(shop);
  const { orderId, orderName, amount } = await placeOrder(shop);
  const response = await fetch(`${shop.simulator.url}/v1/virtual-accounts`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${shop.simulator.secretKey}:`)}` },
    body: JSON.stringify({
      orderId,
      orderName,
      amount,
      bank: "20",
      customerName: "김토스",
    }),
  });
  assert.equal(response.status, 200, await response.text());

  issuedBy(await requestAccount(shop, { orderId }));

  await assertIssuedOnce(shop, orderId);
});
