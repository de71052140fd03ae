import assert from "node:assert/strict";
import { placeOrder } from "../support/buy.ts";
import { callFunction } from "../support/call-function.ts";
import { orderRow } from "../support/database.ts";
import {
  type IssuedAccount,
  issuedBy,
  requestAccount,
} from "../support/issue-account.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { deliverWebhook, withoutWebhooks } from "../support/webhooks.ts";
import {
  advance,
  alignClocks,
  moveDatabaseClock,
  queriesSince,
  work,
} from "../support/worker.ts";

const test = shopTests();

/** What the sweep may ask in a minute, with what strangers may cause (60) within the 100 that Toss allows test keys. */
const QUESTIONS_A_MINUTE = 40;

const FIRST_QUESTION_SECONDS = 601;

async function issueAccount(
  shop: Shop,
  validHours: number,
): Promise<IssuedAccount> {
  const { orderId } = await placeOrder(shop);
  return issuedBy(await requestAccount(shop, { orderId, validHours }));
}

async function issueAccounts(
  shop: Shop,
  count: number,
  validHours: number,
): Promise<IssuedAccount[]> {
  const accounts: IssuedAccount[] = [];
  for (let index = 0; index < count; index++) {
    accounts.push(await issueAccount(shop, validHours));
  }
  return accounts;
}

async function sweepOf(shop: Shop) {
  const { body } = await callFunction(shop, "health", {
    method: "GET",
    headers: { apikey: shop.stack.secretKey },
  });
  return body.sweep as { due: number; oldestDueSeconds: number | null };
}

function accountsAsked(shop: Shop, before: number): string[] {
  return queriesSince(shop, before).map((path) => path.split("/").at(-1) ?? "");
}

test("30 accounts of a stranger do not keep a buyer's deposit waiting for a minute", async (shop) => {
  withoutWebhooks(shop);
  await alignClocks(shop);
  await issueAccounts(shop, 30, 24);
  const buyers = await issueAccount(shop, 12);
  shop.simulator.deposit(buyers.paymentKey);
  await advance(shop, FIRST_QUESTION_SECONDS);

  const { asked, remaining } = await work(shop, "expiry");

  assert.deepEqual([asked, remaining], [31, 0]);
  assert.equal((await orderRow(shop, buyers.orderId)).status, "paid");
});

test("of more than a minute's questions those come first of whom an event speaks, then what ends soonest; the rest is counted", async (shop) => {
  withoutWebhooks(shop);
  await alignClocks(shop);
  await advance(shop, 8 * 86_400);
  await work(shop, "expiry");
  await advance(shop, 120);
  const strangers = await issueAccounts(shop, 45, 24);
  const soon = await issueAccount(shop, 12);
  const hinted = await issueAccount(shop, 24);
  await advance(shop, FIRST_QUESTION_SECONDS);
  // Not the account's secret, so it proves nothing and moves nothing.
  const { body } = await deliverWebhook(shop, {
    createdAt: "2026-11-26T12:00:00",
    secret: "ps_of_nobody",
    status: "DONE",
    transactionKey: crypto.randomUUID(),
    orderId: hinted.orderId,
  });
  assert.equal(body.received, true);
  const before = shop.simulator.requests().length;
  assert.equal((await sweepOf(shop)).due, 47);

  const { asked, remaining } = await work(shop, "expiry");

  assert.deepEqual([asked, remaining], [QUESTIONS_A_MINUTE, 7]);
  const first = accountsAsked(shop, before).slice(0, 10);
  assert.ok(first.includes(hinted.paymentKey));
  assert.ok(first.includes(soon.paymentKey));
  const { due, oldestDueSeconds } = await sweepOf(shop);
  assert.equal(due, 7);
  assert.ok(Number(oldestDueSeconds) < 60, String(oldestDueSeconds));

  // Woken or called again within the minute, it asks nothing; a minute later it goes on.
  assert.equal((await work(shop, "expiry")).asked, 0);
  await moveDatabaseClock(shop, 61);
  assert.equal((await work(shop, "expiry")).asked, 7);
  assert.equal(accountsAsked(shop, before).length, strangers.length + 2);
});

test("a backlog that a run does not work off raises an alert after half an hour", async (shop) => {
  withoutWebhooks(shop);
  await alignClocks(shop);
  const { orderId } = await issueAccount(shop, 12);
  const alerts = async () => {
    const rows = await shop.stack.sql<{ level: string; subject: string }[]>`
      select level, subject from public.alerts where alert = 'sweep_backlog'`;
    return [...rows];
  };
  await moveDatabaseClock(shop, FIRST_QUESTION_SECONDS);
  assert.deepEqual(await alerts(), []);
  await moveDatabaseClock(shop, 1_800);
  assert.deepEqual(await alerts(), [{ level: "warning", subject: "expiry" }]);

  await work(shop, "expiry");
  await moveDatabaseClock(shop, 61);
  await work(shop, "expiry");

  assert.deepEqual(await alerts(), []);
  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
});
