import assert from "node:assert/strict";
import { placeOrder } from "../../support/buy.ts";
import { operationRows, orderRow } from "../../support/database.ts";
import {
  accountsAtToss,
  issuedBy,
  orderByTransfer,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { withoutWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests();

const MINUTE_SECONDS = 60;

/** Toss issues the account, and answers with these fields changed. */
function letTossAnswer(
  { simulator }: Shop,
  patch: Record<string, unknown>,
): void {
  simulator.addFault({
    kind: "wrong_answer",
    method: "POST",
    pathPattern: "virtual-accounts$",
    patch,
  });
}

function accountDue(dueDate: string | null) {
  return {
    virtualAccount: {
      accountNumber: "X6505636518308",
      bankCode: "20",
      dueDate,
    },
  };
}

/** From the issue's own minute on, rounded to it. */
async function secondsUntil(
  { stack: { sql } }: Shop,
  time: string,
): Promise<number> {
  const [row] = await sql<{ minutes: number }[]>`
    select round(extract(epoch from ${time}::text::timestamptz - toss_private.clock_now()) / 60)::integer as minutes`;
  return (row?.minutes ?? 0) * MINUTE_SECONDS;
}

const DUE_DATES = [
  "soon",
  "infinity",
  "2026-99-99T00:00:00+09:00",
  "",
  null,
  "2199-11-30T12:00:00",
];

for (const dueDate of DUE_DATES) {
  test(`a deadline that Toss calls ${JSON.stringify(dueDate)} holds up neither the account nor the search for deposits`, async (shop) => {
    withoutWebhooks(shop);
    const other = await orderByTransfer(shop);
    const { orderId } = await placeOrder(shop);
    letTossAnswer(shop, accountDue(dueDate));

    const first = await requestAccount(shop, { orderId });
    const again = await requestAccount(shop, { orderId });

    assert.equal(first.status, 201, JSON.stringify(first.body));
    const account = first.body.virtualAccount as Record<string, string>;
    assert.deepEqual(account, {
      bankCode: "20",
      bankName: "우리",
      accountNumber: "X6505636518308",
      customerName: null,
      dueDate: account.dueDate,
    });
    const shown = account.dueDate ?? "";
    if (dueDate?.startsWith("2199")) {
      // Korean time, as everywhere at Toss.
      assert.equal(shown, `${dueDate}+09:00`);
    } else {
      // What Toss was asked for holds.
      assert.equal(await secondsUntil(shop, shown), 24 * 60 * MINUTE_SECONDS);
    }
    assert.deepEqual([again.status, again.body], [201, first.body]);
    await payIn(shop, other.paymentKey);
    await moveDatabaseClock(shop, 11 * MINUTE_SECONDS);
    await work(shop, "expiry");
    assert.equal((await orderRow(shop, other.orderId)).status, "paid");
  });
}

test("an answer that leaves the account out is completed from Toss's record at once", async (shop) => {
  withoutWebhooks(shop);
  const { orderId } = await placeOrder(shop);
  letTossAnswer(shop, { virtualAccount: null });

  const issued = await requestAccount(shop, { orderId });

  assert.match(issuedBy(issued).virtualAccount.accountNumber, /^X/);
  assert.equal(accountsAtToss(shop, orderId).length, 1);
});

test("while Toss's record cannot be read either, the issue stays open and the worker brings the account", async (shop) => {
  withoutWebhooks(shop);
  const { orderId } = await placeOrder(shop);
  letTossAnswer(shop, { virtualAccount: null });
  shop.simulator.addFault({
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    method: "GET",
  });

  const { status, body } = await requestAccount(shop, { orderId });

  assert.equal(status, 202, JSON.stringify(body));
  await moveDatabaseClock(shop, MINUTE_SECONDS * 2);
  await work(shop, "operations");
  issuedBy(await requestAccount(shop, { orderId }));
  assert.equal(accountsAtToss(shop, orderId).length, 1);
  const [operation, ...others] = await operationRows(shop, orderId);
  assert.deepEqual([operation?.state, others], ["succeeded", []]);
});
