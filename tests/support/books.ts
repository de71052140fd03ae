import assert from "node:assert/strict";
import { assertEventsAreInTheCatalogue } from "./events.ts";
import type { Shop } from "./shop.ts";

interface PaymentRow {
  paymentKey: string;
  orderId: string;
  status: string;
  totalAmount: number;
  balanceAmount: number;
  cancels: { transactionKey: string; amount: number }[];
}

async function paymentRows({ stack }: Shop): Promise<PaymentRow[]> {
  return await stack.sql<PaymentRow[]>`
    select p.payment_key as "paymentKey", p.order_id as "orderId", p.status,
      p.total_amount::float8 as "totalAmount", p.balance_amount::float8 as "balanceAmount",
      coalesce((
        select jsonb_agg(
          jsonb_build_object('transactionKey', k.transaction_key, 'amount', k.amount)
          order by k.transaction_key
        )
        from public.payment_cancels as k where k.payment_key = p.payment_key
      ), '[]') as cancels
    from public.payments as p`;
}

function bookRows({ simulator }: Shop) {
  return simulator.books().map((book) => ({
    approvals: book.approvals,
    row: {
      paymentKey: book.paymentKey,
      orderId: book.orderId,
      status: book.status as string,
      totalAmount: book.totalAmount,
      balanceAmount: book.balanceAmount,
      cancels: book.cancels
        .map(({ transactionKey, cancelAmount }) => ({
          transactionKey,
          amount: cancelAmount,
        }))
        .sort((left, right) =>
          left.transactionKey < right.transactionKey ? -1 : 1
        ),
    },
  }));
}

interface ReceiptRow {
  receiptKey: string;
  orderId: string;
  transactionType: string;
  amount: number;
  issueStatus: string;
}

function byKey(left: ReceiptRow, right: ReceiptRow): number {
  return left.receiptKey < right.receiptKey ? -1 : 1;
}

/** Every receipt, and every cancel of one, that Toss made stands in `cash_receipts`, and no other. */
async function assertReceiptsAgree({ stack, simulator }: Shop): Promise<void> {
  const stored = await stack.sql<ReceiptRow[]>`
    select receipt_key as "receiptKey", order_id as "orderId", transaction_type as "transactionType",
      amount::float8 as amount, issue_status as "issueStatus"
    from public.cash_receipts`;
  const told = simulator.cashReceipts().map((
    { receiptKey, orderId, transactionType, amount, issueStatus },
  ) => ({ receiptKey, orderId, transactionType, amount, issueStatus }));
  assert.deepEqual([...stored].sort(byKey), told.sort(byKey));
}

/** Every money invariant holds. */
export async function assertInvariantsHold({ stack }: Shop): Promise<void> {
  const violations = await stack.sql`
    select * from public.invariant_violations()`;
  assert.deepEqual([...violations], [], "a money invariant is violated");
}

/**
 * The database and the simulator's own ledger tell the same story: every payment that took money or was cancelled
 * stands in `payments` with the same amounts and cancels, none took it twice, and nothing is paid that Toss does
 * not know.
 */
export async function assertBooksAgree(shop: Shop): Promise<void> {
  await assertInvariantsHold(shop);
  await assertEventsAreInTheCatalogue(shop);
  const stored = new Map(
    (await paymentRows(shop)).map((row) => [row.paymentKey, row]),
  );
  const books = bookRows(shop);
  // A virtual account can be cancelled before anybody has paid into it.
  const told = books.filter(({ approvals, row }) =>
    approvals > 0 || row.cancels.length > 0
  );
  for (const { approvals, row } of told) {
    assert.ok(approvals <= 1, `${row.paymentKey} was charged ${approvals}×`);
    assert.deepEqual(stored.get(row.paymentKey), row);
  }
  const toldAtToss = new Set(told.map(({ row }) => row.paymentKey));
  const invented = [...stored.values()].filter(({ paymentKey, status }) =>
    ["DONE", "PARTIAL_CANCELED", "CANCELED"].includes(status) &&
    !toldAtToss.has(paymentKey)
  );
  assert.deepEqual(invented, [], "paid here, but not at Toss");
  await assertReceiptsAgree(shop);
}
