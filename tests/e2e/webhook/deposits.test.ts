import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { placeOrder, startPurchase } from "../../support/buy.ts";
import { auditEvents, orderRow, webhookRows } from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  atToss,
  depositCallback,
  issue,
  issueUnnoticed,
} from "../../support/virtual-account.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

// The simulator's books know no virtual accounts.
const test = shopTests({}, assertInvariantsHold);

const SECRET_DIFFERS = "the secret is not that of the order's payment";

async function deliver(shop: Shop, body: unknown): Promise<void> {
  assert.equal((await deliverWebhook(shop, body)).status, 200);
  await settleWebhooks(shop);
}

test("a bank that takes a deposit back makes the order wait again, and the next deposit pays it", async (shop) => {
  const account = await issue(shop);
  atToss(shop, account, "DONE");
  await deliver(shop, depositCallback(account, "DONE"));
  assert.equal((await orderRow(shop, account.orderId)).status, "paid");

  atToss(shop, account, "WAITING_FOR_DEPOSIT");
  await deliver(shop, depositCallback(account, "WAITING_FOR_DEPOSIT"));
  const reversed = await orderRow(shop, account.orderId);
  assert.equal(reversed.status, "waiting_for_deposit");

  atToss(shop, account, "DONE");
  await deliver(shop, depositCallback(account, "DONE"));
  assert.equal((await orderRow(shop, account.orderId)).status, "paid");
});

test("a deposit that comes as DEPOSIT_CALLBACK and as PAYMENT_STATUS_CHANGED is one deposit", async (shop) => {
  const account = await issue(shop);
  atToss(shop, account, "DONE");
  const { orderId, paymentKey } = account;

  await Promise.all([
    deliverWebhook(shop, depositCallback(account, "DONE")),
    deliverWebhook(shop, statusChanged({ orderId, paymentKey })),
  ]);
  await settleWebhooks(shop);

  const rows = await webhookRows(shop, orderId);
  const proofs = rows.slice(1).map((row) => [row.status, row.verified_by]);
  assert.deepEqual(proofs.sort(), [
    ["processed", "deposit-secret"],
    ["processed", "re-query"],
  ]);
  const paid = (await auditEvents(shop, orderId))
    .filter((event) => event === "order_status");
  // Pending, waiting, paid.
  assert.equal(paid.length, 3);
});

test("while no secret is stored, Toss's answer is what a deposit callback is compared with", async (shop) => {
  const account = await issueUnnoticed(shop);
  const { orderId } = account;
  const guess = depositCallback({ orderId, secret: "ps_guess" }, "DONE");

  await deliver(shop, guess);
  const [forged] = await webhookRows(shop, orderId);
  assert.deepEqual([forged?.status, forged?.last_error], [
    "ignored",
    SECRET_DIFFERS,
  ]);
  assert.equal((await orderRow(shop, orderId)).status, "pending");

  await deliver(shop, depositCallback(account, "WAITING_FOR_DEPOSIT"));
  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
});

test("a deposit callback for a card payment is ignored, with and without a secret", async (shop) => {
  const { orderId } = await startPurchase(shop);

  await deliver(shop, depositCallback({ orderId, secret: "ps_x" }, "DONE"));
  await deliver(shop, {
    eventType: "DEPOSIT_CALLBACK",
    data: { orderId, status: "DONE" },
  });

  const rows = await webhookRows(shop, orderId);
  assert.deepEqual(rows.map((row) => `${row.status}: ${row.last_error}`), [
    `ignored: ${SECRET_DIFFERS}`,
    "ignored: carries no secret",
  ]);
  assert.equal((await orderRow(shop, orderId)).status, "pending");
});

test("the secret of one order does not open another", async (shop) => {
  const account = await issue(shop);
  const other = await issue(shop);
  atToss(shop, other, "DONE");

  await deliver(
    shop,
    depositCallback({ orderId: other.orderId, secret: account.secret }, "DONE"),
  );

  const order = await orderRow(shop, other.orderId);
  assert.equal(order.status, "waiting_for_deposit");
});

test("a deposit callback that Toss could not confirm is tried again with its secret still known", async (shop) => {
  const account = await issue(shop);
  shop.simulator.clearFaults();
  const code = "FAILED_INTERNAL_SYSTEM_PROCESSING";
  const fault = { kind: "status_before", code, method: "GET" } as const;
  shop.simulator.addFault({ ...fault, count: "always" });
  await deliver(shop, depositCallback(account, "DONE"));
  const failed = (await webhookRows(shop, account.orderId)).at(-1);
  assert.equal(failed?.status, "failed");

  atToss(shop, account, "DONE");
  await moveDatabaseClock(shop, 60);
  await work(shop, "webhooks");

  const row = (await webhookRows(shop, account.orderId)).at(-1);
  assert.deepEqual([row?.status, row?.verified_by], [
    "processed",
    "deposit-secret",
  ]);
  assert.equal((await orderRow(shop, account.orderId)).status, "paid");
});

/** Every delivery that was ignored without proof, kept or only counted. */
async function ignoredDeliveries({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ deliveries: number }[]>`
    select coalesce(sum(delivery_count), 0)::int as deliveries from public.webhook_events
    where status = 'ignored' and verified_by is null`;
  return row?.deliveries ?? 0;
}

test("a flood of guessed secrets costs no question once the secret is known, and one before", async (shop) => {
  const known = await issue(shop);
  const unknown = await placeOrder(shop);
  const before = shop.simulator.requests().length;
  const ignoredBefore = await ignoredDeliveries(shop);
  const flood = ({ orderId }: { orderId: string }) =>
    Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        deliverWebhook(
          shop,
          depositCallback({ orderId, secret: `ps_${index}` }, "DONE"),
        )),
    );

  await flood(known);
  await settleWebhooks(shop);
  assert.equal(shop.simulator.requests().length, before);

  await flood(unknown);
  await settleWebhooks(shop);
  await moveDatabaseClock(shop, 120);
  await work(shop, "webhooks");
  const asked = shop.simulator.requests().length - before;
  assert.ok(asked <= 25, `${asked} questions`);
  // Beyond a hundred an hour they are counted and not kept.
  const rows = await webhookRows(shop, unknown.orderId);
  assert.ok(rows.every(({ status }) => status === "ignored"));
  assert.equal(await ignoredDeliveries(shop) - ignoredBefore, 200);
});

test("neither the secret nor what else is confidential in a deposit callback is stored in clear", async (shop) => {
  const account = await issue(shop);
  const [row] = await shop.stack.sql<{ found: boolean }[]>`
    select exists (
      select 1 from public.webhook_events as e
      join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
      where (e::text || b::text) like ${`%${account.secret}%`}
    ) as found`;
  assert.equal(row?.found, false);
});
