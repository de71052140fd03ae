import type { Book } from "../../simulator/books.ts";
import { orderOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";
import {
  askWithdrawal,
  decideWithdrawal,
  withdrawalPlanOf,
  withdrawalTokenOf,
} from "./withdrawal.ts";

interface WithdrawalRow {
  id: string;
  status: string;
  /** Of its refund; null without one. */
  state: string | null;
  amount: number | null;
}

async function rowOf(
  { chaos, ...state }: RunState,
  withdrawal: number,
): Promise<WithdrawalRow | undefined> {
  const [row] = await chaos.stack.sql<WithdrawalRow[]>`
    select w.id, w.status, op.state, op.amount::float8 as amount
    from public.withdrawals as w
    left join public.operations as op on op.id = w.refund_operation_id
    where w.request_id = ${withdrawalTokenOf({ chaos, ...state }, withdrawal)}`;
  return row;
}

/** What Toss has given back of an order because of a withdrawal. */
function givenBack(books: Book[], orderId: string, id: string): number[] {
  return books.filter((book) => book.orderId === orderId)
    .flatMap(({ cancels }) => cancels)
    .filter(({ cancelReason }) => cancelReason === `withdrawal ${id}`)
    .map(({ cancelAmount }) => cancelAmount);
}

function checkRow(
  state: RunState,
  books: Book[],
  withdrawal: number,
  row: WithdrawalRow,
): Violation[] {
  const { orderId } = orderOf(
    state,
    withdrawalPlanOf(state, withdrawal).order,
  );
  const name = `withdrawal ${withdrawal} of ${state.run}`;
  const paid = givenBack(books, orderId, row.id);
  const promised = row.state === "succeeded" ? [row.amount] : [];
  const answers = state.withdrawalAnswers.filter((told) =>
    told.withdrawal === withdrawal
  );
  const told = (result: string) =>
    answers.some(({ status, ...answer }) =>
      status === 200 && answer.result === result
    );
  const refunds = new Set(answers.flatMap(({ refund }) => refund ?? []));
  return [
    ...when(
      paid.length > 1,
      "double",
      `${name} was paid back ${paid.length} times`,
    ),
    ...when(
      paid.join() !== promised.join(),
      "wrong",
      `${name} is ${row.status}, its refund ${row.state} of ${row.amount}, Toss gave back ${paid.join()}`,
    ),
    ...when(
      told("accepted") && row.status !== "accepted" ||
        told("refused") && row.status !== "refused",
      "wrong",
      `${name} is ${row.status}, the shop was told otherwise`,
    ),
    // Where the order was refunded by another way, the answer shows what that way has done so far.
    ...when(
      row.state !== null && refunds.size > 1,
      "wrong",
      `${name} was answered differently: ${[...refunds].join(" / ")}`,
    ),
  ];
}

/** Withdrawals are what everybody was told, and their money went back once. */
export async function checkWithdrawals(
  state: RunState,
  books: Book[],
): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const withdrawal of state.plan.withdrawals.keys()) {
    const row = await rowOf(state, withdrawal);
    const asked = state.withdrawalAnswers.find((told) =>
      told.withdrawal === withdrawal && told.act === "ask" &&
      told.status === 201
    );
    found.push(...when(
      asked !== undefined && asked.withdrawalId !== row?.id,
      "lost",
      `withdrawal ${withdrawal} of ${state.run} was written down and is not there`,
    ));
    if (row !== undefined) {
      found.push(...checkRow(state, books, withdrawal, row));
    }
  }
  return found;
}

/** Whoever asks again at the end hears the same, and whoever accepts again hears how it ended. */
export async function askWithdrawalsAgain(
  state: RunState,
): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const withdrawal of state.plan.withdrawals.keys()) {
    const row = await rowOf(state, withdrawal);
    if (row === undefined) continue;
    const name = `withdrawal ${withdrawal} of ${state.run}`;
    const asked = await askWithdrawal(state, withdrawal);
    found.push(...when(
      asked.status !== 201 || asked.withdrawalId !== row.id,
      "wrong",
      `asked again at the end, ${name} was answered ${asked.status} ${asked.result}`,
    ));
    if (row.status !== "accepted" || row.state === "rejected") continue;
    const accepted = await decideWithdrawal(state, withdrawal, "accept");
    found.push(...when(
      accepted?.status !== 200,
      accepted?.status === 202 ? "stuck" : "wrong",
      `accepted again at the end, ${name} was answered ${accepted?.status} ${accepted?.result}`,
    ));
  }
  return found;
}
