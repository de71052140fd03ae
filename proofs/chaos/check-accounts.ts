import type { Book } from "../../simulator/books.ts";
import { issue, type IssueAnswer } from "./account.ts";
import { orderOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";

const REFUSED = new Set(["payment_confirm_failed", "not_configured"]);

function accountsOf(books: Book[], orderId: string): Book[] {
  return books.filter((book) =>
    book.orderId === orderId && book.virtualAccount !== null
  );
}

function checkOrder(
  orderId: string,
  answers: IssueAnswer[],
  books: Book[],
): Violation[] {
  const accounts = accountsOf(books, orderId);
  const issued = answers.filter(({ status }) => status === 201);
  const [first] = issued;
  const { virtualAccount, paymentKey } = accounts[0] ?? {};
  const isTrue = first === undefined ||
    first.paymentKey === paymentKey && virtualAccount !== undefined &&
      virtualAccount !== null &&
      first.body?.includes(`"${virtualAccount.accountNumber}"`);
  const isRefused = answers.length > 0 &&
    answers.every(({ result }) => REFUSED.has(result));
  return [
    ...when(
      accounts.length > 1,
      "double",
      `order ${orderId} has ${accounts.length} virtual accounts`,
    ),
    ...when(
      !issued.every(({ body }) => body === first?.body),
      "wrong",
      `the buyer of ${orderId} was told of different accounts`,
    ),
    ...when(
      !isTrue,
      "wrong",
      `the buyer of ${orderId} was told ${first?.body}, Toss has ${paymentKey}`,
    ),
    ...when(
      isRefused && accounts.length > 0,
      "wrong",
      `the buyer of ${orderId} was refused, Toss has issued an account`,
    ),
  ];
}

/** What was answered about virtual accounts must be what Toss's books say. */
export function checkIssueAnswers(
  { orders, issueAnswers }: RunState,
  books: Book[],
): Violation[] {
  return orders.flatMap(({ orderId }) => {
    const answers = issueAnswers.filter((told) => told.orderId === orderId);
    return checkOrder(orderId, answers, books);
  });
}

/** Whoever asks again at the end gets the account, or is told why not. */
export async function askAccountsAgain(
  state: RunState,
  books: Book[],
): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const [order, { account }] of state.plan.orders.entries()) {
    if (account === null) continue;
    const [book] = accountsOf(books, orderOf(state, order).orderId);
    const isWaiting = book?.status === "WAITING_FOR_DEPOSIT" &&
      (book.depositDueAt ?? 0) > state.chaos.simulator.now();
    const paidStatus = (book?.approvals ?? 0) > 0 ? 409 : 410;
    const expected = isWaiting ? 201 : paidStatus;
    const { orderId, status, result } = await issue(state, order);
    found.push(...when(
      status !== expected,
      status === 202 ? "stuck" : "wrong",
      `asked again at the end, order ${orderId} (${book?.status}) was ` +
        `answered ${status} ${result}`,
    ));
  }
  return found;
}

/**
 * Gives up every account that still waits, so that no later run's worker has
 * to ask about it.
 */
export async function giveUpAccounts(
  { chaos: { stack }, run }: RunState,
  books: Book[],
): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const { paymentKey, status } of books) {
    if (status !== "WAITING_FOR_DEPOSIT") continue;
    const answer = await fetch(`${stack.functionsUrl}/cancel`, {
      method: "POST",
      headers: {
        apikey: stack.secretKey,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        paymentKey,
        cancelReason: "고객 변심",
        requestId: `${run}-end-${paymentKey}`.slice(0, 100),
      }),
    });
    const body = await answer.json();
    found.push(...when(
      answer.status !== 200 || body.status !== "canceled",
      "wrong",
      `given up at the end, ${paymentKey} was answered ${answer.status} ` +
        `${JSON.stringify(body)}`,
    ));
  }
  return found;
}
