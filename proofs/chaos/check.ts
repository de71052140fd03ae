import { isDeepStrictEqual } from "node:util";
import type { Book } from "../../simulator/books.ts";
import { confirm, type ConfirmAnswer } from "./buyer.ts";
import {
  askAccountsAgain,
  checkIssueAnswers,
  giveUpAccounts,
} from "./check-accounts.ts";
import {
  askReceiptsAgain,
  checkReceipts,
  followReceipts,
} from "./check-receipts.ts";
import {
  askRefundsAgain,
  checkOperations,
  checkRefundAnswers,
} from "./check-refunds.ts";
import { checkEvents } from "./check-events.ts";
import { checkNotices } from "./check-notices.ts";
import { checkStories } from "./check-stories.ts";
import { checkKeys } from "./check-keys.ts";
import { askWithdrawalsAgain, checkWithdrawals } from "./check-withdrawals.ts";
import { checkHook } from "./hook.ts";
import { orderIdsOf, paymentsOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";

/** A refund, as the ledger and Toss's books have it. */
interface Entry {
  transactionKey: string;
  amount: number;
  reason: string;
}

interface PaymentRow {
  payment_key: string;
  order_id: string;
  status: string;
  balance_amount: string;
  cancels: Entry[];
  order_status: string;
  paying_key: string | null;
}

/** After these the same payment may still be confirmed: nothing was decided. */
const NOT_FINAL = new Set(["NOT_AVAILABLE_PAYMENT", "UNAUTHORIZED_KEY"]);

const REFUSED = new Set([
  "payment_confirm_failed",
  "payment_expired",
  "payment_not_found",
]);

async function readPayments(state: RunState): Promise<PaymentRow[]> {
  const ids = await orderIdsOf(state);
  return await state.chaos.stack.sql<PaymentRow[]>`
    select p.payment_key, p.order_id, p.status, p.balance_amount,
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'transactionKey', c.transaction_key, 'amount', c.amount, 'reason', c.reason
        ))
        from public.payment_cancels as c
        where c.payment_key = p.payment_key and c.status = 'DONE'
      ), '[]') as cancels,
      o.status as order_status, o.payment_key as paying_key
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    where p.order_id = any (${ids})`;
}

/** The margin after a deadline, and the longest distance of two questions. */
const LAST_WORD_MILLISECONDS = 45 * 60_000;

/** The statuses that an order may have whose payment Toss holds like this. */
function orderStatusesOf(book: Book, now: number): string[] {
  if (book.approvals === 0) {
    if (book.status === "CANCELED") return ["canceled", "expired"];
    const waited = now - (book.depositDueAt ?? now);
    if (waited < 0) return ["waiting_for_deposit"];
    // Half an hour after the deadline Toss has had its last word, whatever it says.
    const isOver = waited > LAST_WORD_MILLISECONDS ||
      book.virtualAccount?.expired === true;
    return isOver ? ["expired"] : ["expired", "waiting_for_deposit"];
  }
  if (book.balanceAmount === 0) return ["refunded"];
  return [
    book.balanceAmount < book.totalAmount ? "partially_refunded" : "paid",
  ];
}

function byKey(one: Entry, other: Entry): number {
  return one.transactionKey < other.transactionKey ? -1 : 1;
}

/** Whether the ledger has Toss's cancels: the same, their amounts and reasons. */
function isSameLedger({ cancels }: Book, row: PaymentRow): boolean {
  const made = cancels.map((cancel): Entry => ({
    transactionKey: cancel.transactionKey,
    amount: cancel.cancelAmount,
    reason: cancel.cancelReason,
  }));
  return isDeepStrictEqual(made.sort(byKey), [...row.cancels].sort(byKey));
}

/** Compares what Toss took with what the database says of one payment. */
function checkBook(
  book: Book,
  row: PaymentRow | undefined,
  now: number,
): Violation[] {
  const name = `payment ${book.paymentKey}`;
  if (book.approvals === 0 && book.virtualAccount === null) {
    const isPaid = row !== undefined &&
      !["READY", "IN_PROGRESS", "ABORTED", "EXPIRED"].includes(row.status);
    return when(isPaid, "wrong", `${name} is ${row?.status}, never approved`);
  }
  const twice = when(
    book.approvals > 1,
    "double",
    `${name} was approved ${book.approvals} times`,
  );
  if (row === undefined) {
    const text = `${name} is at Toss, the database has no row`;
    return [{ kind: "lost", text }, ...twice];
  }
  const same = row.status === book.status &&
    Number(row.balance_amount) === book.balanceAmount &&
    isSameLedger(book, row);
  const pays = row.paying_key === book.paymentKey &&
    orderStatusesOf(book, now).includes(row.order_status);
  return [
    ...twice,
    ...when(
      !same,
      "lost",
      `${name}: Toss has ${book.status} ${book.balanceAmount} ` +
        `${JSON.stringify(book.cancels)}, the database ${row.status} ` +
        `${row.balance_amount} ${JSON.stringify(row.cancels)}`,
    ),
    ...when(
      !pays,
      "lost",
      `${name} is ${book.status} at Toss, order ${row.order_id} is ` +
        `${row.order_status} by ${row.paying_key}`,
    ),
  ];
}

function checkDoublePayments(books: Book[]): Violation[] {
  const taken = books.filter(({ approvals }) => approvals > 0);
  const orders = taken.map(({ orderId }) => orderId);
  const doubled = orders.filter((id, index) => orders.indexOf(id) < index);
  return doubled.map((orderId) => ({
    kind: "double",
    text: `order ${orderId} was paid by two payments`,
  }));
}

/** What buyers were told must have been true. */
function checkAnswers(answers: ConfirmAnswer[], books: Book[]): Violation[] {
  return answers.flatMap(({ paymentKey, status, result, tossCode }) => {
    const book = books.find((candidate) => candidate.paymentKey === paymentKey);
    const isTaken = (book?.approvals ?? 0) > 0;
    // The money was given back before this answer: refusing is the truth.
    const isRefunded = tossCode === "CANCELED_PAYMENT" &&
      book?.balanceAmount === 0;
    const isRefused = REFUSED.has(result) && !NOT_FINAL.has(tossCode ?? "") &&
      !isRefunded;
    const said = `the buyer of ${paymentKey} was told ${status} ${result}`;
    return [
      ...when(result === "confirmed" && !isTaken, "wrong", `${said}, not paid`),
      ...when(isRefused && isTaken, "wrong", `${said} ${tossCode}, but paid`),
    ];
  });
}

/** Whoever asks again at the end gets the truth. */
async function askAgain(state: RunState, books: Book[]): Promise<Violation[]> {
  const found = await Promise.all(
    paymentsOf(state).filter(({ isAccount }) => !isAccount).map(
      async (payment) => {
        const { paymentKey } = payment;
        const book = books.find((candidate) =>
          candidate.paymentKey === paymentKey
        );
        const answer = await confirm(state.chaos, payment, "POST");
        const isTaken = (book?.approvals ?? 0) > 0;
        const wasTold = state.answers.some((told) =>
          told.paymentKey === paymentKey && told.result === "confirmed"
        );
        // Who heard nothing before all of it went back hears of that.
        const isGivenBack = !wasTold && book?.balanceAmount === 0 &&
          answer.tossCode === "CANCELED_PAYMENT";
        const isTrue = isTaken
          ? isGivenBack ||
            answer.status === 200 && answer.result === "confirmed"
          : answer.status !== null && answer.status >= 400 &&
            answer.status < 500;
        return when(
          !isTrue,
          "wrong",
          `asked again at the end, ${paymentKey} (${book?.status}) was answered ` +
            `${answer.status} ${answer.result}`,
        );
      },
    ),
  );
  return found.flat();
}

async function checkWebhooks(state: RunState): Promise<Violation[]> {
  const { acceptedWebhooks, stack } = state.chaos;
  const ids = acceptedWebhooks.slice(state.firstAccepted)
    .map(({ eventId }) => eventId);
  const rows = await stack.sql<{ id: string }[]>`
    select id from public.webhook_events where id = any (${ids}::uuid[])`;
  const stored = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => !stored.has(id)).map((id) => ({
    kind: "lost",
    text: `webhook event ${id} was answered 200 and is not stored`,
  }));
}

async function checkInvariants({ chaos }: RunState): Promise<Violation[]> {
  const rows = await chaos.stack.sql<{ line: string }[]>`
    select format('%s: %s %s', invariant, subject, detail) as line
    from public.invariant_violations()`;
  return rows.map(({ line }) => ({ kind: "wrong", text: line }));
}

/** Toss's books of the run's payments. */
function booksOf(state: RunState): Book[] {
  const keys = new Set(paymentsOf(state).map(({ paymentKey }) => paymentKey));
  return state.chaos.simulator.books()
    .filter(({ paymentKey }) => keys.has(paymentKey));
}

function checkTold(state: RunState): Violation[] {
  const books = booksOf(state);
  return [
    ...checkRefundAnswers(state, books),
    ...checkIssueAnswers(state, books),
  ];
}

/** What those learn who ask for everything once more; nobody hinders them. */
async function checkRepeats(state: RunState): Promise<Violation[]> {
  const found = [
    ...await askAgain(state, booksOf(state)),
    ...await askRefundsAgain(state),
    ...await askAccountsAgain(state, booksOf(state)),
    ...await askReceiptsAgain(state),
    ...await askWithdrawalsAgain(state),
    ...checkTold(state),
    ...await giveUpAccounts(state, booksOf(state)),
  ];
  await followReceipts(state);
  await state.chaos.idle();
  return found;
}

/**
 * Compares the database with the simulator's books and with every promise
 * that was made during a healed run. An empty answer means all is well.
 */
export async function check(state: RunState): Promise<Violation[]> {
  // Before anybody asks again, which could make true what was not.
  const told = checkTold(state);
  const repeats = await checkRepeats(state);
  const books = booksOf(state);
  const rows = await readPayments(state);
  const rowOf = (book: Book) =>
    rows.find((row) => row.payment_key === book.paymentKey);
  const unknown = rows.filter((row) =>
    !books.some(({ paymentKey }) => paymentKey === row.payment_key)
  );
  return [
    ...told,
    ...repeats,
    ...books.flatMap((book) =>
      checkBook(book, rowOf(book), state.chaos.simulator.now())
    ),
    ...unknown.map((row): Violation => ({
      kind: "wrong",
      text: `the database has a payment ${row.payment_key} that Toss has not`,
    })),
    ...checkDoublePayments(books),
    ...checkAnswers(state.answers, books),
    ...await checkOperations(state, books),
    ...await checkReceipts(state, books),
    ...await checkWithdrawals(state, books),
    ...await checkKeys(state, books),
    ...await checkWebhooks(state),
    ...await checkHook(state),
    ...await checkInvariants(state),
    ...await checkEvents(state),
    ...await checkNotices(state),
    ...await checkStories(state),
  ];
}
