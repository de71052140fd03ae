import type { StoryRows } from "../database/story.ts";
import { isWithoutMoney } from "../operations/toss-answer.ts";
import type { TossClients } from "../toss/clients.ts";
import type { TossLookup } from "../toss/outcome.ts";
import type { TossPayment } from "../toss/payment.ts";
import { tossTime } from "../toss/time.ts";

/** So many questions a story asks at most; an order has one payment, seldom two. */
const MOST_QUESTIONS = 6;

/** A payment as Toss shows it now. Amounts in the minor unit, times of Seoul. */
export interface TossSight {
  paymentKey: string;
  orderId: string;
  status: string;
  method: string | null;
  totalAmount: number;
  balanceAmount: number;
  currency: string;
  requestedAt: string | null;
  approvedAt: string | null;
  cancels: {
    transactionKey: string | null;
    amount: number;
    status: string;
    canceledAt: string | null;
  }[];
  /** Until when a virtual account takes its deposit. */
  dueAt: string | null;
  refundStatus: string | null;
}

/** What became of one question: Toss's payment, its no, or nothing that could be used. */
export type Look =
  & {
    /** Null when the order was asked about, because no payment of it is known. */
    paymentKey: string | null;
    orderId: string;
  }
  & (
    | { kind: "answered"; sight: TossSight }
    | { kind: "not_found" }
    | { kind: "unknown"; why: string }
  );

interface Question {
  paymentKey: string | null;
  orderId: string;
}

/** What holds money or may do so comes first. */
function questionsOf(rows: StoryRows): Question[] {
  const { order, payments, operations, differences } = rows;
  if (order === null) return [];
  const ours = (orderId: string | null) => orderId ?? order.id;
  const recent = rows.isOfSubscription
    ? payments.filter(({ orderId }) => orderId === order.id)
    : payments;
  const keys = new Map<string, string>();
  for (const { paymentKey, orderId } of recent.toReversed()) {
    keys.set(paymentKey, orderId);
  }
  const known = new Set(payments.map(({ paymentKey }) => paymentKey));
  for (const { paymentKey, orderId } of operations.toReversed()) {
    if (paymentKey === null || known.has(paymentKey)) continue;
    keys.set(paymentKey, ours(orderId));
  }
  for (const { paymentKey, resolvedAt } of differences) {
    if (resolvedAt === null && !known.has(paymentKey)) {
      keys.set(paymentKey, order.id);
    }
  }
  const questions: Question[] = [...keys].map(([paymentKey, orderId]) => ({
    paymentKey,
    orderId,
  }));
  // Nothing is ever sent to Toss about an order of nothing.
  if (!recent.length && order.amount > 0) {
    questions.push({ paymentKey: null, orderId: order.id });
  }
  return questions.slice(0, MOST_QUESTIONS);
}

/**
 * Asks Toss what is true about a story now, each payment with the key pair that made it.
 *
 * Nothing is written, here or at Toss. A payment that Toss names for the order, whichever way, comes once.
 */
export async function lookAtToss(
  toss: Pick<TossClients, "of">,
  rows: StoryRows,
): Promise<Look[]> {
  const seen = new Set<string>();
  const looks: Look[] = [];
  for (const { paymentKey, orderId } of questionsOf(rows)) {
    const made = rows.orders.find(({ id }) => id === orderId);
    if (made === undefined) continue;
    const client = toss.of(made);
    const answer = paymentKey === null
      ? await client.getPaymentByOrder(orderId)
      : await client.getPayment(paymentKey);
    const look = { paymentKey, orderId, ...read(answer) };
    // A key that was brought to the wrong order tells of another one.
    if (look.kind === "answered" && look.sight.orderId !== orderId) continue;
    const key = look.kind === "answered" ? look.sight.paymentKey : paymentKey;
    if (key !== null && seen.has(key)) continue;
    if (key !== null) seen.add(key);
    looks.push(look);
  }
  return looks;
}

function read(answer: TossLookup<TossPayment>) {
  switch (answer.kind) {
    case "answered":
      return { kind: "answered" as const, sight: sightOf(answer.value) };
    case "not_found":
      return { kind: "not_found" as const };
    case "refused":
      return { kind: "unknown" as const, why: answer.code };
    case "unknown":
      return {
        kind: "unknown" as const,
        why: answer.code ?? answer.reason.toUpperCase(),
      };
  }
}

function sightOf(payment: TossPayment): TossSight {
  const {
    paymentKey,
    orderId,
    status,
    method,
    totalAmount,
    balanceAmount,
    currency,
    virtualAccount,
  } = payment;
  return {
    ...{ paymentKey, orderId, status, method: method ?? null },
    ...{ totalAmount, balanceAmount, currency },
    requestedAt: tossTime(payment.requestedAt),
    approvedAt: tossTime(payment.approvedAt),
    cancels: (payment.cancels ?? []).map((cancel) => ({
      transactionKey: cancel.transactionKey,
      amount: cancel.cancelAmount,
      status: cancel.cancelStatus ?? "DONE",
      canceledAt: tossTime(cancel.canceledAt),
    })),
    dueAt: tossTime(virtualAccount?.dueDate ?? null),
    refundStatus: virtualAccount?.refundStatus ?? null,
  };
}

/** Whether Toss holds money in what it shows, or waits for it. */
export function isOpenAtToss(sight: TossSight): boolean {
  return !isWithoutMoney(sight) && sight.balanceAmount > 0;
}
