import { isDeepStrictEqual } from "node:util";
import type { Book } from "../../simulator/books.ts";
import type { ReceiptBook } from "../../simulator/receipts/cash-receipt.ts";
import { askReceipt } from "./receipt.ts";
import type { RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";
import { workTwice } from "./worker.ts";

interface ReceiptRow {
  receiptKey: string;
  transactionType: string;
  amount: number;
  issueStatus: string;
}

function byKey(one: ReceiptRow, other: ReceiptRow): number {
  return one.receiptKey < other.receiptKey ? -1 : 1;
}

function receiptsAtToss({ chaos }: RunState, orderId: string): ReceiptBook[] {
  return chaos.simulator.cashReceipts()
    .filter((receipt) => receipt.orderId === orderId);
}

async function rowsOf(state: RunState, orderId: string): Promise<ReceiptRow[]> {
  return [
    ...await state.chaos.stack.sql<ReceiptRow[]>`
      select receipt_key as "receiptKey", transaction_type as "transactionType", amount::float8 as amount,
        issue_status as "issueStatus"
      from public.cash_receipts where order_id = ${orderId}`,
  ];
}

/** What came in cash and is left of an order, at Toss. */
function leftOf(books: Book[], orderId: string): number {
  return books.filter((book) => book.orderId === orderId && book.approvals > 0)
    .reduce((sum, book) => sum + book.balanceAmount, 0);
}

/** The receipts of an order at Toss are those that we know, at most one lives, and none is for more than is left. */
async function checkOrder(
  state: RunState,
  books: Book[],
  orderId: string,
): Promise<Violation[]> {
  const receipts = receiptsAtToss(state, orderId);
  const known = (await rowsOf(state, orderId)).sort(byKey);
  const made = receipts.map((
    { receiptKey, transactionType, amount, issueStatus },
  ): ReceiptRow => ({ receiptKey, transactionType, amount, issueStatus }))
    .sort(byKey);
  const live = receipts.filter((receipt) =>
    receipt.transactionType === "CONFIRM" &&
    receipt.canceledAmount < receipt.amount
  );
  const held = live.reduce(
    (sum, { amount, canceledAmount }) => sum + amount - canceledAmount,
    0,
  );
  const left = leftOf(books, orderId);
  const name = `order ${orderId}`;
  return [
    ...when(
      !isDeepStrictEqual(known, made),
      "lost",
      `${name}: Toss has receipts ${JSON.stringify(made)}, the database ` +
        JSON.stringify(known),
    ),
    ...when(
      live.length > 1,
      "double",
      `${name} has ${live.length} live cash receipts`,
    ),
    ...when(held > left, "wrong", `${name}: receipts of ${held}, left ${left}`),
  ];
}

/** What was told of one request is one receipt of Toss's. */
function checkAnswers(state: RunState): Violation[] {
  return state.plan.receipts.flatMap((_, receipt) => {
    const keys = state.receiptAnswers
      .filter((told) => told.receipt === receipt)
      .flatMap(({ receiptKey }) => receiptKey ?? []);
    const atToss = state.chaos.simulator.cashReceipts();
    const name = `receipt ${receipt} of ${state.run}`;
    return [
      ...when(
        new Set(keys).size > 1,
        "double",
        `${name} was answered as ${keys.join(" / ")}`,
      ),
      ...when(
        keys.some((key) =>
          !atToss.some(({ receiptKey }) => receiptKey === key)
        ),
        "wrong",
        `${name} was answered with ${keys[0]}, which Toss has not`,
      ),
    ];
  });
}

/** Whoever asks again at the end hears the same, and nobody waits any more. */
export async function askReceiptsAgain(state: RunState): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const receipt of state.plan.receipts.keys()) {
    const before = state.receiptAnswers.find((told) =>
      told.receipt === receipt && told.receiptKey !== null
    );
    // Who was refused for a good reason could be served by now.
    if (before === undefined) continue;
    const { status, result, receiptKey } = await askReceipt(state, receipt);
    found.push(...when(
      receiptKey !== before.receiptKey,
      status === 202 ? "stuck" : "wrong",
      `asked again at the end, receipt ${receipt} of ${state.run} was ` +
        `answered ${status} ${result}`,
    ));
  }
  return found;
}

/** More than the refunds that are asked for once more at the end. */
const ROUNDS = 12;

/** Lets the worker take from the receipts what the last refunds took from their payments, one after the other. */
export async function followReceipts(state: RunState): Promise<void> {
  const { chaos } = state;
  const ids = state.orders.map(({ orderId }) => orderId);
  for (let round = 0; round < ROUNDS; round++) {
    const [open] = await chaos.stack.sql`
      select 1 from public.operations
      where order_id = any (${ids}) and kind = 'cash_receipt_cancel' and state in ('started', 'unknown') limit 1`;
    if (open === undefined) return;
    await workTwice(chaos);
    await chaos.idle();
  }
}

/** Compares cash receipts with Toss's own, and with what was told of them. */
export async function checkReceipts(
  state: RunState,
  books: Book[],
): Promise<Violation[]> {
  const found = checkAnswers(state);
  for (const { orderId } of state.orders) {
    found.push(...await checkOrder(state, books, orderId));
  }
  return found;
}
