import assert from "node:assert/strict";
import { placeOrder } from "../support/buy.ts";
import { operationRows, orderRow } from "../support/database.ts";
import {
  accountsAtToss,
  issuedBy,
  orderByTransfer,
  payIn,
  requestAccount,
} from "../support/issue-account.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { withoutWebhooks } from "../support/webhooks.ts";
import { moveDatabaseClock, work } from "../support/worker.ts";

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

const DUE_DATES: [string | null, string | null][] = [
  ["soon", null],
  ["infinity", null],
  ["2026-99-99T00:00:00+09:00", null],
  ["", null],
  [null, null],
  // Korean time, as everywhere at Toss.
  ["2199-11-30T12:00:00", "2199-11-30T12:00:00+09:00"],
];

for (const [dueDate, shown] of DUE_DATES) {
  test(`a deadline that Toss calls ${JSON.stringify(dueDate)} holds up neither the account nor the search for deposits`, async (shop) => {
    withoutWebhooks(shop);
    const other = await orderByTransfer(shop);
    const { orderId } = await placeOrder(shop);
    letTossAnswer(shop, accountDue(dueDate));

    const first = await requestAccount(shop, { orderId });
    const again = await requestAccount(shop, { orderId });

    assert.equal(first.status, 201, JSON.stringify(first.body));
    assert.deepEqual(first.body.virtualAccount, {
      bankCode: "20",
      accountNumber: "X6505636518308",
      customerName: null,
      dueDate: shown,
    });
    assert.deepEqual([again.status, again.body], [201, first.body]);
    await payIn(shop, other.paymentKey);
    await moveDatabaseClock(shop, 11 * MINUTE_SECONDS);
    await work(shop, "expiry");
    assert.equal((await orderRow(shop, other.orderId)).status, "paid");
  });
}

test("an answer that leaves the account out is no account and no payment; the worker brings it", async (shop) => {
  withoutWebhooks(shop);
  const { orderId } = await placeOrder(shop);
  letTossAnswer(shop, { virtualAccount: null });

  const { status, body } = await requestAccount(shop, { orderId });

  assert.equal(status, 202, JSON.stringify(body));
  await moveDatabaseClock(shop, MINUTE_SECONDS * 2);
  await work(shop, "operations");
  issuedBy(await requestAccount(shop, { orderId }));
  assert.equal(accountsAtToss(shop, orderId).length, 1);
  const [operation, ...others] = await operationRows(shop, orderId);
  assert.deepEqual([operation?.state, others], ["succeeded", []]);
});
