import assert from "node:assert/strict";
import type { Purchase } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import {
  paidByBank,
  requestReceipt,
  workReceiptsOff,
} from "../../support/cash-receipts.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

/** A payment with a receipt of which a refund has taken a part. */
interface Scene extends Purchase {
  issue: string;
  receiptId: string;
}

async function openScene(shop: Shop): Promise<Scene> {
  const purchase = await paidByBank(shop);
  const { orderId } = purchase;
  await requestReceipt(shop, { orderId });
  await cancel(shop, { orderId, cancelAmount: 500 });
  await workReceiptsOff(shop);
  const [row] = await shop.stack.sql<{ id: string; operation_id: string }[]>`
    select id::text, operation_id from public.cash_receipts
    where order_id = ${orderId} and transaction_type = 'CONFIRM'`;
  assert.ok(row);
  return { ...purchase, receiptId: row.id, issue: row.operation_id };
}

const BREAKS: Break<Scene>[] = [
  {
    invariant: "receipt_within_its_payment",
    how: "more is on the receipt than is left",
    subject: ({ paymentKey }) => paymentKey,
    harm: (sql, { paymentKey }) =>
      sql`update public.payments set balance_amount = 100 where payment_key = ${paymentKey}`,
  },
  {
    invariant: "receipt_within_its_payment",
    how: "the payment was made by card",
    subject: ({ paymentKey }) => paymentKey,
    harm: (sql, { paymentKey }) =>
      sql`update public.payments set method = '카드' where payment_key = ${paymentKey}`,
  },
  {
    invariant: "one_live_receipt_per_payment",
    how: "two were issued",
    subject: ({ paymentKey }) => paymentKey,
    harm: (sql, { receiptId }) =>
      sql`
        insert into public.cash_receipts (receipt_key, order_id, payment_key, transaction_type, type, amount,
          issue_status, created_at, operation_id)
        select 'second', order_id, payment_key, 'CONFIRM', type, 1, 'COMPLETED', now(), operation_id
        from public.cash_receipts where id = ${receiptId}`,
  },
  {
    invariant: "receipt_belongs_to_its_payment",
    how: "it names another order",
    subject: ({ receiptId }) => receiptId,
    harm: (sql, { receiptId }) =>
      sql`update public.cash_receipts set order_id = 'another-order' where id = ${receiptId}`,
  },
  {
    invariant: "receipt_cancels_add_up",
    how: "a cancel is gone",
    subject: ({ receiptId }) => receiptId,
    harm: (sql, { receiptId }) =>
      sql`delete from public.cash_receipts where canceled_receipt_id = ${receiptId}`,
  },
  {
    invariant: "receipt_request_has_its_receipt",
    how: "a request succeeded without a receipt",
    subject: ({ issue }) => issue,
    harm: (sql, { receiptId }) =>
      sql`update public.cash_receipts set operation_id = null where id = ${receiptId}`,
  },
  {
    invariant: "receipt_is_told_once",
    how: "nobody was told of it",
    subject: ({ receiptId }) => receiptId,
    harm: (sql, { receiptId }) =>
      sql`delete from public.outbox_events where payload ->> 'receiptId' = ${receiptId}`,
  },
];

for (const broken of BREAKS) {
  test(`invariant_violations() names ${broken.invariant} when ${broken.how}`, async (shop) => {
    const scene = await openScene(shop);
    assert.deepEqual(await subjectsAfter(shop, broken, scene), [
      broken.subject(scene),
    ]);
  });
}

test("every rule of receipt_violations() is broken by a test", async (shop) => {
  assert.deepEqual(
    await rulesOf(shop, "receipt_violations"),
    [...new Set(BREAKS.map(({ invariant }) => invariant))].sort(),
  );
});

test("the rows refuse what no receipt can be", async (shop) => {
  const { receiptId } = await openScene(shop);
  const { sql } = shop.stack;
  for (
    const change of [
      sql`amount = 0`,
      sql`canceled_amount = amount + 1`,
      sql`tax_free_amount = amount + 1`,
      sql`issue_status = 'NEW'`,
      sql`transaction_type = 'NEW'`,
    ]
  ) {
    await assert.rejects(
      async () =>
        await sql`update public.cash_receipts set ${change} where id = ${receiptId}`,
      { code: "23514" },
    );
  }
});
