import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import { callSql } from "../../support/answers.ts";
import { cancel } from "../../support/cancel.ts";
import { reconcile, reconcileSlice } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { callWorker } from "../../support/worker.ts";

const test = shopTests();

function seoulDay({ simulator }: Shop, days = 0): string {
  const time = simulator.now() + 9 * 3_600_000 + days * 86_400_000;
  return new Date(time).toISOString().slice(0, 10);
}

async function runRow({ stack }: Shop, runId: string) {
  const [row] = await stack.sql`
    select from_date::text, to_date::text, status, compared::int, finished_at is not null as ended
    from public.reconciliation_runs where id = ${runId}`;
  return { ...row };
}

test("dates are of Seoul and both included; without them it is the last three days", async (shop) => {
  await buy(shop);
  const byDefault = await reconcile(shop);
  assert.equal(byDefault.to, seoulDay(shop));
  const today = seoulDay(shop);
  const oneDay = await reconcile(shop, { from: today, to: today });
  assert.deepEqual([oneDay.from, oneDay.to], [today, today]);
  assert.ok(oneDay.compared > 0);
  const yesterday = seoulDay(shop, -1);
  const before = await reconcile(shop, { from: yesterday, to: yesterday });
  assert.equal(before.compared, 0);
  const dates = shop.simulator.requests()
    .filter(({ path }) => path.startsWith("/v1/transactions"))
    .map(({ path }) => new URL(path, "http://toss").searchParams)
    .flatMap((query) => query.get("startDate") ?? []);
  assert.ok(dates.length > 0);
  assert.ok(dates.every((date) => /^\d{4}-\d\d-\d\dT00:00:00$/.test(date)));
});

test("a run that was cut goes on where it was, and counts nothing twice", async (shop) => {
  await buy(shop);
  shop.simulator.addForeignTransactions({ count: 1500 });
  const from = seoulDay(shop);
  const range = { from, to: from };
  const lease = { leaseToken: crypto.randomUUID(), leaseSeconds: 0 };
  const begun = await callSql(shop.stack.sql, "begin_reconciliation", {
    ...lease,
    ...range,
    pairs: ["main"],
    asOf: new Date(shop.simulator.now() + 20 * 60_000).toISOString(),
  });
  const { runId } = begun.run as { runId: string };
  await callSql(shop.stack.sql, "record_listed_transactions", {
    ...lease,
    runId,
    keys: "main",
    cursor: null,
    lastKey: shop.simulator.transactions()[0]?.transactionKey,
    isLast: false,
    rows: [],
  });
  const run = await reconcile(shop, range);
  assert.equal(run.runId, runId);
  assert.equal(run.foreign, 1500);
  assert.equal((await runRow(shop, runId)).status, "finished");
  // A page that comes a second time changes nothing.
  await assert.rejects(callSql(shop.stack.sql, "record_listed_transactions", {
    ...lease,
    runId,
    keys: "main",
    cursor: null,
    lastKey: null,
    isLast: true,
    rows: [],
  }));
});

test("two runs at once: one works, the other says that something is left", async (shop) => {
  await buy(shop);
  const answers = await Promise.all([
    reconcileSlice(shop),
    reconcileSlice(shop),
  ]);
  const remaining = answers.map(({ body }) => body.remaining);
  assert.ok(remaining.includes(0), JSON.stringify(answers));
  const [row] = await shop.stack.sql`
    select count(*)::int as running from public.reconciliation_runs where status = 'running'`;
  assert.equal(row?.running, 0);
});

test("what Toss does not answer is no difference: the run fails and its days are compared again", async (shop) => {
  const { orderId } = await buy(shop);
  await cancel(shop, { orderId, cancelAmount: 1000 });
  shop.simulator.unlist(
    shop.simulator.transactions().map(({ transactionKey }) => transactionKey),
  );
  shop.simulator.addFault({
    kind: "status_before",
    path: "/v1/payments/",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    count: "always",
  });
  const failed = await reconcile(shop);
  assert.equal(failed.status, "failed");
  assert.deepEqual(failed.differences, []);
  const [alert] = await shop.stack.sql`
    select alert from public.alerts where subject = ${failed.runId}`;
  assert.equal(alert?.alert, "reconciliation_failed");
  shop.simulator.clearFaults();
  const next = await reconcile(shop);
  assert.deepEqual([next.status, next.differences], ["finished", []]);
});

test("from and to are dates in order, and for this job alone", async (shop) => {
  for (
    const [body, field] of [
      [{ job: "outbox", from: "2026-01-01" }, "from"],
      [{ job: "reconcile", from: "2026-01-02", to: "2026-01-01" }, "to"],
      [{ job: "reconcile", from: "yesterday" }, "from"],
      [{ job: "reconcile", from: "2999-01-01" }, "from"],
    ] as const
  ) {
    const { status, body: answer } = await callWorker(shop, body);
    assert.equal(status, 400, JSON.stringify(answer));
    assert.equal(answer.code, "invalid_request");
    assert.match(JSON.stringify(answer.details), new RegExp(`"${field}"`));
  }
});

test("days that the job missed are compared with the next run", async (shop) => {
  await buy(shop);
  const first = await reconcile(shop);
  await shop.stack.advanceClock({ days: 9 });
  await buy(shop);
  const next = await reconcile(shop);
  assert.equal(next.from, first.to);
  assert.equal(next.to, seoulDay(shop));
  await reconcile(shop, { from: "2020-01-01", to: "2020-01-02" });
  assert.equal((await reconcile(shop)).from, seoulDay(shop, -2));
});
