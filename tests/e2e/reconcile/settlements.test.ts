import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { buy } from "../../support/buy.ts";
import { reconcile } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { seoulDay } from "../../support/taxed-year.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests({}, assertInvariantsHold);

async function openDifferences({ stack }: Shop) {
  const rows = await stack.sql`
    select kind, payment_key, ours::int, theirs::int from public.settlement_differences
    where resolved_at is null order by kind, payment_key`;
  return rows.map((row) => ({ ...row }));
}

async function countSettlements({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ rows: number }[]>`
    select count(*)::int as rows from public.settlements`;
  return row?.rows ?? 0;
}

async function alertsOf({ stack }: Shop, alert: string) {
  return await stack.sql`
    select level, subject from public.alerts where alert = ${alert}`;
}

function approvalKeyOf({ simulator }: Shop, paymentKey: string): string {
  const [found] = simulator.transactions()
    .filter((each) => each.paymentKey === paymentKey);
  assert.ok(found);
  return found.transactionKey;
}

test("what Toss settles otherwise than our books say is a difference and an alert, until it is explained", async (shop) => {
  const { paymentKey, orderId, amount } = await buy(shop);
  const key = approvalKeyOf(shop, paymentKey);
  shop.simulator.alterSettlement(key, amount - 10);
  await reconcile(shop);
  const expected = [{
    ...{ kind: "amount", payment_key: paymentKey },
    ...{ ours: amount, theirs: amount - 10 },
  }];
  assert.deepEqual(await openDifferences(shop), expected);
  const [alert] = await alertsOf(shop, "settlement_difference");
  assert.deepEqual({ ...alert }, { level: "critical", subject: orderId });
  await reconcile(shop);
  assert.deepEqual(await openDifferences(shop), expected);

  shop.simulator.alterSettlement(key, amount);
  await reconcile(shop);
  assert.deepEqual(await openDifferences(shop), []);
  assert.equal((await alertsOf(shop, "settlement_difference")).length, 0);
});

test("a list that Toss refuses ends the run without it and says so; one that it does not give makes the run fail", async (shop) => {
  await buy(shop);
  const fault = { path: "/v1/settlements", count: "always" } as const;
  shop.simulator.addFault({
    ...fault,
    kind: "status_before",
    code: "FORBIDDEN_REQUEST",
  });
  const refused = await reconcile(shop);
  assert.equal(refused.status, "finished");
  const [alert] = await alertsOf(shop, "settlements_unread");
  assert.deepEqual({ ...alert }, { level: "warning", subject: refused.runId });

  shop.simulator.clearFaults();
  shop.simulator.addFault({
    ...fault,
    kind: "status_before",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
  });
  const failed = await reconcile(shop);
  assert.equal(failed.status, "failed");

  shop.simulator.clearFaults();
  assert.equal((await reconcile(shop)).status, "finished");
  assert.equal((await alertsOf(shop, "settlements_unread")).length, 0);
});

test("more than a page of settlements is read page by page", async (shop) => {
  await buy(shop);
  shop.simulator.addForeignTransactions({ count: 2100 });
  const known = await countSettlements(shop);
  const before = shop.simulator.requests().length;
  const { status } = await reconcile(shop);
  assert.equal(status, "finished");
  const pages = shop.simulator.requests().slice(before)
    .filter(({ path }) => path.startsWith("/v1/settlements"))
    .map(({ path }) => new URL(path, "http://toss").searchParams.get("page"));
  assert.deepEqual(pages, ["1", "2", "3", "4"]);
  assert.equal(await countSettlements(shop), known + 1);
});

test("expected payouts become paid ones with their day, refunds are negative, rows of other shops are left out", async (shop) => {
  // A week of its own, whose payouts are no other test's.
  await shop.stack.advanceClock({ days: 30 });
  const { paymentKey, amount } = await buy(shop);
  await cancelAtToss(shop, paymentKey, 500);
  await settleWebhooks(shop);
  shop.simulator.addForeignTransactions({ count: 3 });
  await reconcile(shop);
  const rows = await shop.stack.sql`
    select kind, amount::int, is_paid_out, order_id is not null as has_order, difference
    from public.settlement_overview where sold_date = ${
    seoulDay(shop)
  }::date order by amount`;
  const common = { is_paid_out: false, has_order: true, difference: null };
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { kind: "refund", amount: -500, ...common },
    { kind: "payment", amount, ...common },
  ]);
  await shop.stack.advanceClock({ days: 8 });
  const [day] = await shop.stack.sql`
    select is_paid_out, payments::int, refunds::int, paid_amount::int, refunded_amount::int,
      (pay_out_amount = paid_amount - refunded_amount - fee - fee_vat) as adds_up
    from public.settlements_by_payout_day order by paid_out_date desc limit 1`;
  assert.deepEqual({ ...day }, {
    ...{ is_paid_out: true, payments: 1, refunds: 1 },
    ...{ paid_amount: amount, refunded_amount: 500, adds_up: true },
  });
});

test("a payment that Toss has not settled within a week is a warning; where Toss settles nothing, as under test keys, all is quiet", async (shop) => {
  await shop.stack.sql`delete from public.settlements`;
  shop.simulator.changeSettings({ showSettlements: false });
  const from = seoulDay(shop);
  const unsettled = await buy(shop);
  const settled = await buy(shop);
  await shop.stack.advanceClock({ days: 8 });
  const range = { from, to: seoulDay(shop) };
  const quiet = await reconcile(shop, range);
  assert.equal(quiet.status, "finished");
  assert.deepEqual(await openDifferences(shop), []);

  shop.simulator.changeSettings({ showSettlements: true });
  shop.simulator.alterSettlement(
    approvalKeyOf(shop, unsettled.paymentKey),
    null,
  );
  await reconcile(shop, range);
  assert.deepEqual(await openDifferences(shop), [{
    ...{ kind: "not_settled", payment_key: unsettled.paymentKey },
    ...{ ours: unsettled.amount, theirs: null },
  }]);
  const [alert] = await alertsOf(shop, "settlement_difference");
  assert.equal(alert?.level, "warning");
  assert.notEqual(settled.paymentKey, unsettled.paymentKey);

  shop.simulator.alterSettlement(
    approvalKeyOf(shop, unsettled.paymentKey),
    unsettled.amount,
  );
  await reconcile(shop, range);
  assert.deepEqual(await openDifferences(shop), []);
});
