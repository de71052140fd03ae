import assert from "node:assert/strict";
import type { Settlement } from "../../../simulator/settlements/settlement.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { loseWebhooks, reconcile } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  giveBack,
  type Sale,
  sell,
  type Sold,
} from "../../support/taxed-year.ts";

const test = shopTests({ environment: THREE_PAIRS });

const MAIN = { tossKeys: "main", tossClientKey: THREE_PAIRS.TOSS_CLIENT_KEY };
const WIDGET = {
  tossKeys: "widget",
  tossClientKey: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
};

/** Odd amounts, so that an eleventh has to be rounded both ways. */
const SALES: readonly Sale[] = [
  { taxed: 10_001, taxFree: 0, method: "카드", ...MAIN },
  { taxed: 5_550, taxFree: 3_333, method: "카드", ...WIDGET },
  { taxed: 0, taxFree: 7_777, method: "간편결제", ...MAIN },
  { taxed: 1_234_567, taxFree: 890, method: "계좌이체", ...WIDGET },
  { taxed: 106, taxFree: 0, method: "휴대폰", ...MAIN },
];

interface SheetRow {
  month: string;
  method: string;
  supplied: number;
  vat: number;
  taxFree: number;
  total: number;
  refunded: number;
}

async function readSheet({ stack }: Shop): Promise<SheetRow[]> {
  const rows = await stack.sql<SheetRow[]>`
    select month, method, supplied_amount::int as supplied, vat::int, tax_free_amount::int as "taxFree",
      total_amount::int as total, refunded_amount::int as refunded
    from public.monthly_tax_sheet`;
  return rows.map((row) => ({ ...row })).sort(byPlace);
}

function byPlace(a: SheetRow, b: SheetRow): number {
  return `${a.month} ${a.method}` < `${b.month} ${b.method}` ? -1 : 1;
}

/** The sheet that Toss's settlements make, with the split that it told of each approval. */
function expectedSheet(
  settlements: readonly Settlement[],
  sold: readonly Sold[],
): SheetRow[] {
  const split = new Map(sold.map((sale) => [sale.paymentKey, sale]));
  const sheet = new Map<string, SheetRow>();
  for (const { transaction, amount, soldDate } of settlements) {
    const { method, paymentKey } = transaction;
    const month = soldDate.slice(0, 7);
    const row = sheet.get(`${month} ${method}`) ?? {
      ...{ month, method, supplied: 0, vat: 0 },
      ...{ taxFree: 0, total: 0, refunded: 0 },
    };
    sheet.set(`${month} ${method}`, row);
    if (amount < 0) {
      row.refunded -= amount;
      continue;
    }
    const told = split.get(paymentKey);
    assert.ok(told);
    row.supplied += told.suppliedAmount;
    row.vat += told.vat;
    row.taxFree += told.taxFreeAmount;
    row.total += amount;
  }
  return [...sheet.values()].sort(byPlace);
}

/** A year: each month's sales before and after its last midnight, and refunds of what was sold up to months before. */
async function liveAYear(shop: Shop): Promise<Sold[]> {
  const sold: Sold[] = [];
  for (let month = 0; month < 12; month++) {
    const first = new Date(Date.UTC(2027, month, 1));
    const midnight = Date.parse(
      `${first.toISOString().slice(0, 10)}T00:00+09:00`,
    );
    for (const [place, minutes] of [-2, 2].entries()) {
      await shop.stack.advanceClock(new Date(midnight + minutes * 60_000));
      for (const [index, sale] of SALES.entries()) {
        if ((index + month + place) % 2 === 0) {
          sold.push(await sell(shop, sale));
        }
      }
    }
    // A phone company takes nothing back after the month.
    const [full, mixed, taxed] = sold.filter(({ method }) =>
      method !== "휴대폰"
    )
      .slice(-8);
    if (full === undefined || mixed === undefined || taxed === undefined) {
      continue;
    }
    await giveBack(shop, taxed, { cancelAmount: 50 + month });
    if (month % 3 === 0) {
      const part = Math.min(mixed.taxFree, 11);
      await giveBack(shop, mixed, {
        cancelAmount: 11 + part,
        taxFreeAmount: part,
      });
    }
    if (month % 4 === 1) {
      await giveBack(shop, full, {
        cancelAmount: full.taxed + full.taxFree,
        taxFreeAmount: full.taxFree,
      });
    }
  }
  return sold;
}

test("over a year of two merchants with partial refunds and tax-free lines, the tax sheet equals Toss's settlements to the won", async (shop) => {
  await loseWebhooks(shop);
  const sold = await liveAYear(shop);
  const settlements = shop.simulator.settlements();
  assert.ok(settlements.filter(({ amount }) => amount < 0).length > 12);
  assert.deepEqual(await readSheet(shop), expectedSheet(settlements, sold));

  const run = await reconcile(shop, { from: "2026-12-01", to: "2027-12-31" });
  assert.deepEqual([run.status, run.open], ["finished", 0]);
  const known = await shop.stack.sql`
    select transaction_key as key, amount::int, fee::int, fee_vat::int as vat, pay_out_amount::int as left,
      sold_date::text as day, m_id
    from public.settlements order by transaction_key collate "C"`;
  assert.deepEqual(
    known.map((row) => ({ ...row })),
    settlements.map(({ transaction, amount, fee, feeVat, soldDate }) => ({
      key: transaction.transactionKey,
      ...{ amount, fee, vat: feeVat, left: amount - fee - feeVat },
      day: soldDate,
      m_id: transaction.merchantId,
    })).sort((a, b) => a.key < b.key ? -1 : 1),
  );
  const merchants = new Set(known.map((row) => row.m_id));
  assert.equal(merchants.size, 2);
  const [sums] = await shop.stack.sql`
    select
      (select sum(total_amount - refunded_amount) from public.monthly_tax_sheet) as sheet,
      (select sum(amount) from public.settlements) as settled,
      (select sum(paid_amount - refunded_amount) from public.settlements_by_payout_day) as by_day,
      (select count(*)::int from public.settlement_differences) as differences`;
  assert.equal(sums?.sheet, sums?.settled);
  assert.equal(sums?.by_day, sums?.settled);
  assert.equal(sums?.differences, 0);

  const again = await reconcile(shop, { from: "2026-12-01", to: "2027-12-31" });
  assert.equal(again.status, "finished");
  const [count] = await shop.stack.sql`
    select count(*)::int as rows from public.settlements`;
  assert.equal(count?.rows, settlements.length);
});
