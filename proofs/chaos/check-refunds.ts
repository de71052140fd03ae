import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Book } from "../../simulator/books.ts";
import {
  amountOf,
  askRefund,
  reasonOf,
  type RefundAnswer,
  refundPlanOf,
  requestIdOf,
} from "./refund.ts";
import { orderIdsOf, orderOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";

type Variant = Pick<RefundAnswer, "refund" | "isAltered">;

interface CancelRow {
  request_id: string;
  reason: string;
  amount: string;
  state: string;
  canceled_transaction_key: string | null;
}

const canceledSchema = z.object({
  orderId: z.string(),
  canceledAmount: z.number().int(),
  balanceAmount: z.number().int(),
  cancels: z.array(z.object({ amount: z.number(), reason: z.string() })),
});

/** Toss, or our own database, has said no; nothing may have happened. */
function isRefused({ status, result }: RefundAnswer): boolean {
  return status !== null && status >= 400 && status < 500 ||
    result === "not_configured";
}

/** Everything that was asked for, each once. */
function variantsOf({ refundAnswers }: RunState): Variant[] {
  return refundAnswers.filter((answer, index) =>
    refundAnswers.findIndex((other) => isSame(other, answer)) === index
  );
}

function isSame(one: Variant, other: Variant): boolean {
  return one.refund === other.refund && one.isAltered === other.isAltered;
}

function entriesOf(state: RunState, books: Book[], variant: Variant) {
  const plan = refundPlanOf(state, variant.refund);
  const { orderId } = orderOf(state, plan.order);
  return books.filter((book) => book.orderId === orderId)
    .flatMap(({ cancels }) => cancels)
    .filter(({ cancelReason }) => cancelReason === reasonOf(variant));
}

function checkBody(
  state: RunState,
  variant: Variant,
  text: string,
): Violation[] {
  const body = canceledSchema.parse(JSON.parse(text));
  const { order } = refundPlanOf(state, variant.refund);
  const { orderId, amount } = orderOf(state, order);
  const isTrue = body.orderId === orderId &&
    body.canceledAmount + body.balanceAmount === amount &&
    body.cancels.reduce((sum, cancel) => sum + cancel.amount, 0) ===
      body.canceledAmount &&
    body.cancels.some(({ reason }) => reason === reasonOf(variant));
  return when(!isTrue, "wrong", `${reasonOf(variant)} was answered ${text}`);
}

function checkVariant(
  state: RunState,
  books: Book[],
  variant: Variant,
): Violation[] {
  const answers = state.refundAnswers.filter((told) => isSame(told, variant));
  const entries = entriesOf(state, books, variant);
  const name = `${reasonOf(variant)} of ${state.run}`;
  const bodies = answers.flatMap(({ body }) => body === null ? [] : [body]);
  const asked = amountOf(state, variant);
  const others = entries.filter(({ cancelAmount }) =>
    asked !== null && cancelAmount !== asked
  );
  const [first] = bodies;
  return [
    ...when(
      entries.length > 1,
      "double",
      `${name} was made ${entries.length} times`,
    ),
    ...when(others.length > 0, "wrong", `${name} took another amount`),
    ...when(
      first !== undefined && entries.length === 0,
      "wrong",
      `${name} was answered 200, Toss has not made it`,
    ),
    ...when(
      answers.every(isRefused) && entries.length > 0,
      "wrong",
      `${name} was refused every time, Toss has made it`,
    ),
    ...when(
      !bodies.every((body) => body === first),
      "wrong",
      `${name} was answered differently: ${bodies.join(" / ")}`,
    ),
    ...first === undefined ? [] : checkBody(state, variant, first),
  ];
}

/** One requestId stands for one refund, whatever else is asked with it. */
function checkRequestIds(state: RunState, books: Book[]): Violation[] {
  return state.plan.refunds.flatMap((_, refund) => {
    const made = [false, true].flatMap((isAltered) =>
      entriesOf(state, books, { refund, isAltered })
    );
    return when(
      made.length > 1,
      "double",
      `request ${refund} of ${state.run} made ${made.length} refunds`,
    );
  });
}

/** What was answered about refunds must be what Toss's books say. */
export function checkRefundAnswers(
  state: RunState,
  books: Book[],
): Violation[] {
  return [
    ...variantsOf(state)
      .flatMap((variant) => checkVariant(state, books, variant)),
    ...checkRequestIds(state, books),
  ];
}

/** Whoever asks again at the end is told at once how it ended. */
export async function askRefundsAgain(state: RunState): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const variant of variantsOf(state)) {
    const isMade = state.refundAnswers.some((told) =>
      isSame(told, variant) && told.status === 200
    );
    // Asked again, what was refused for good reasons could be done by now.
    if (variant.isAltered && !isMade) continue;
    const answer = await askRefund(state, { ...variant, by: "orderId" });
    const isTold = answer.status === 200 || !isMade && isRefused(answer);
    found.push(...when(
      !isTold,
      answer.status === 202 ? "stuck" : "wrong",
      `asked again at the end, ${reasonOf(variant)} was answered ` +
        `${answer.status} ${answer.result}`,
    ));
  }
  return found;
}

/** Every operation that succeeded owns the entry that it made, and no other. */
export async function checkOperations(
  state: RunState,
  books: Book[],
): Promise<Violation[]> {
  const ids = await orderIdsOf(state);
  const rows = await state.chaos.stack.sql<CancelRow[]>`
    select request_id, reason, amount, state, canceled_transaction_key
    from public.operations
    where order_id = any (${ids}) and kind = 'cancel'`;
  const requested = new Set(
    state.plan.refunds.map((_, refund) => requestIdOf(state, refund)),
  );
  const entries = books.flatMap(({ cancels }) => cancels);
  return rows.filter(({ request_id }) => requested.has(request_id))
    .flatMap((row) => {
      if (row.state !== "succeeded") return [];
      const entry = entries.find(({ transactionKey }) =>
        transactionKey === row.canceled_transaction_key
      );
      const own = { reason: row.reason, amount: Number(row.amount) };
      const made = entry &&
        { reason: entry.cancelReason, amount: entry.cancelAmount };
      return when(
        !isDeepStrictEqual(own, made),
        "wrong",
        `operation "${own.reason}" of ${own.amount} claims ` +
          `"${made?.reason}" of ${made?.amount}`,
      );
    });
}
