import assert from "node:assert/strict";
import { runToss } from "../../stack/dev-fixture.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { loseWebhooks } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  giveBack,
  type Sale,
  sell,
  seoulDay,
} from "../../support/taxed-year.ts";

const test = shopTests({ environment: THREE_PAIRS });

const SALE: Sale = {
  ...{ taxed: 5_550, taxFree: 3_333, method: "카드" },
  ...{ tossKeys: "widget", tossClientKey: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY },
};

async function readMonth({ stack }: Shop, month: string) {
  const rows = await stack.sql`
    select method, supplied_amount::int as supplied, vat::int, tax_free_amount::int as tax_free,
      total_amount::int as total, refunded_amount::int as refunded
    from public.monthly_tax_sheet where month = ${month}`;
  return rows.map((row) => ({ ...row }));
}

test("toss tax-sheet prints a month, and writes it as CSV that Excel opens", async (shop) => {
  await loseWebhooks(shop);
  await sell(shop, SALE);
  const month = seoulDay(shop).slice(0, 7);
  const call = (...args: string[]) =>
    runToss("tax-sheet", {
      arguments: args,
      environment: {
        SUPABASE_URL: shop.stack.apiUrl,
        SUPABASE_SECRET_KEY: shop.stack.secretKey,
      },
    });
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  const [table, json, written] = await Promise.all([
    call(month),
    call(month, "--json"),
    call(month, "--csv", file),
  ]);
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /카드 .*5,045 .*505 .*3,333 .*8,883 .*0/);
  assert.deepEqual(JSON.parse(json.stdout), {
    month,
    rows: [{
      ...{ method: "카드", suppliedAmount: 5_045, vat: 505 },
      ...{ taxFreeAmount: 3_333, totalAmount: 8_883, refundedAmount: 0 },
    }],
  });
  assert.equal(written.code, 0, written.stderr);
  assert.equal(
    await Deno.readTextFile(file),
    "\uFEFF월,결제수단,공급가액,부가세,면세금액,합계,환불금액\r\n" +
      `${month},카드,5045,505,3333,8883,0\r\n`,
  );
  await Deno.remove(file);
});

test("a refund of a later month does not move the month that was told", async (shop) => {
  await loseWebhooks(shop);
  const sale = await sell(shop, SALE);
  const before = await readMonth(shop, sale.month);
  await shop.stack.advanceClock({ days: 40 });
  // Without a tax-free part: Toss's own fields of the payment no longer tell what was approved.
  await giveBack(shop, sale, { cancelAmount: 5_600 });
  assert.deepEqual(await readMonth(shop, sale.month), before);
  assert.deepEqual(await readMonth(shop, seoulDay(shop).slice(0, 7)), [{
    ...{ method: "카드", supplied: 0, vat: 0 },
    ...{ tax_free: 0, total: 0, refunded: 5_600 },
  }]);
});
