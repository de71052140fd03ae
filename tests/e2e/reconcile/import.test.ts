import assert from "node:assert/strict";
import { runToss } from "../../stack/dev-fixture.ts";
import { buy } from "../../support/buy.ts";
import { callSql } from "../../support/answers.ts";
import { reconcile } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { seoulDay } from "../../support/taxed-year.ts";
import { callWorker } from "../../support/worker.ts";

// What the history holds stands in Toss's book alone: shopTests' comparison proves that it disturbs nothing.
const test = shopTests();

const DAY = 86_400_000;

async function importHistory(shop: Shop, body: Record<string, unknown> = {}) {
  for (let slice = 0; slice < 20; slice++) {
    const { status, body: answer } = await callWorker(shop, {
      job: "import",
      ...body,
    });
    assert.equal(status, 200, JSON.stringify(answer));
    if (answer.remaining === 0) return answer;
  }
  throw new Error("the import does not end");
}

async function countImported({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ rows: number }[]>`
    select count(*)::int as rows from public.imported_transactions`;
  return row?.rows ?? 0;
}

/** Payments of years before this project. */
function addHistory({ simulator }: Shop): void {
  for (const days of [400, 200, 45, 1]) {
    simulator.addForeignTransactions({
      count: days === 45 ? 1500 : 20,
      merchantId: "tosssimulator",
      at: simulator.now() - days * DAY,
    });
  }
}

test("the history before this project is imported once, and nothing else counts it", async (shop) => {
  addHistory(shop);
  await buy(shop);
  const from = seoulDay(shop, -410);
  const first = await importHistory(shop, { from, to: seoulDay(shop) });
  assert.deepEqual([first.imported, first.from], [1560, from]);
  assert.equal(await countImported(shop), 1560);
  const [found] = await shop.stack.sql`
    select order_id, total_amount::int, balance_amount::int, method from public.imported_payments
    where payment_key = 'foreign_0'`;
  assert.deepEqual({ ...found }, {
    ...{ order_id: "foreign-order-0", total_amount: 1000 },
    ...{ balance_amount: 1000, method: "카드" },
  });
  const again = await importHistory(shop, { from, to: seoulDay(shop) });
  assert.equal(again.imported, 0);

  const { foreign, differences, status } = await reconcile(shop);
  assert.deepEqual([foreign, differences, status], [20, [], "finished"]);
  const [sheet] = await shop.stack.sql`
    select count(*)::int as rows from public.monthly_tax_sheet`;
  assert.equal(sheet?.rows, 1);
});

test("an import that was cut goes on where it was; by default it is the year up to the first payment", async (shop) => {
  addHistory(shop);
  await buy(shop);
  const lease = { leaseToken: crypto.randomUUID(), leaseSeconds: 0 };
  const begun = await callSql(shop.stack.sql, "begin_import", {
    ...lease,
    pairs: ["main"],
  });
  const { importId, windowFrom, from } = begun.import as Record<string, string>;
  assert.equal(
    from,
    `${Number(seoulDay(shop).slice(0, 4)) - 1}${seoulDay(shop).slice(4)}`,
  );
  const page = {
    ...{ ...lease, importId, windowFrom, keys: "main", cursor: null },
    ...{ lastKey: null, isLast: true, rows: [] },
  };
  await callSql(shop.stack.sql, "record_imported_transactions", page);
  const end = await importHistory(shop);
  assert.equal(end.importId, importId);
  // The one of four hundred days ago lies before the year.
  assert.equal(end.imported, 1540);
  await assert.rejects(
    callSql(shop.stack.sql, "record_imported_transactions", page),
  );
});

test("toss reconcile --import shows its progress and says how to look the history up", async (shop) => {
  addHistory(shop);
  const { code, stdout, stderr } = await runToss("reconcile", {
    arguments: ["--import", "--from", seoulDay(shop, -60)],
    environment: {
      SUPABASE_URL: shop.stack.apiUrl,
      SUPABASE_SECRET_KEY: shop.stack.secretKey,
    },
  });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /\d+ read, \d+ new/);
  assert.match(stdout, /1520 transactions imported/);
  assert.match(stdout, /imported_payments/);
});
