import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";

/** What an answer needs to know of its order. */
export interface AnsweredOrder {
  orderId: string;
  amount: number;
}

/** Calls a money function as the worker and the functions do; answers its JSON. */
export async function callSql(
  sql: Sql | TransactionSql,
  name: string,
  request: unknown,
): Promise<Record<string, unknown>> {
  const text = JSON.stringify(request);
  const [row] = await sql<{ answer: Record<string, unknown> }[]>`
    select public.${sql(name)}(${text}::text::jsonb) as answer`;
  assert.ok(row);
  return row.answer;
}

/** Toss's answer about a card payment of the order that is DONE, unless `changes` say otherwise. */
export function answerAbout(
  paymentKey: string,
  { orderId, amount }: AnsweredOrder,
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    paymentKey,
    orderId,
    status: "DONE",
    method: "카드",
    totalAmount: amount,
    balanceAmount: amount,
    currency: "KRW",
    requestedAt: "2026-11-21T10:00:00+09:00",
    approvedAt: "2026-11-21T10:00:00+09:00",
    cancels: [],
    ...changes,
  };
}

/** A virtual account that waits for its deposit until `dueDate` (ISO 8601 with offset). */
export function waitingFor(dueDate: string, expired = false) {
  return {
    status: "WAITING_FOR_DEPOSIT",
    method: "가상계좌",
    approvedAt: null,
    virtualAccount: {
      bankCode: "20",
      accountNumber: "X6505636518308",
      customerName: null,
      dueDate,
      expired,
    },
  };
}

/** Applies an answer to a question that is asked at this moment. */
export async function applyAnswer(
  sql: Sql | TransactionSql,
  payment: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const [clock] = await sql<{ at: string }[]>`
    select toss_private.clock_now()::text as at`;
  assert.ok(clock);
  const request = { payment, source: "webhook", askedAt: clock.at };
  return await callSql(sql, "apply_payment", request);
}
