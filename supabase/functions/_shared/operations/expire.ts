import type { Database } from "../database/client.ts";
import {
  claimUnsettledPayments,
  expireOrders,
  type SliceRequest,
  type UnsettledPayment,
} from "../database/jobs.ts";
import type { OperationContext } from "./context.ts";
import { callOwedHooks } from "./owed-hooks.ts";
import { runBatches, TIME_BUDGET_MILLISECONDS } from "./run-batches.ts";
import { applyAnswer } from "./toss-answer.ts";

/** All products of a batch are locked until it is done, and buyers wait. */
const ORDERS_PER_BATCH = 50;

/** The database does the work; a batch costs the function one call. */
const ORDERS_PER_RUN = 5_000;

/** Gives up orders past their time, asks Toss about payments whose end no webhook told, and calls the shop's hook again. */
export async function expireOverdue(
  context: OperationContext,
  { limit, asOf, payments: paymentLimit }: {
    /** Of orders; absent = as many as one run can. */
    limit: number | undefined;
    asOf: string | null;
    /** So many payments at most. */
    payments: number;
  },
): Promise<Record<string, number>> {
  const orders = await giveUpOverdueOrders(context.firstCall, {
    limit: limit ?? ORDERS_PER_RUN,
    asOf,
  });
  const payments = await runBatches({
    limit: paymentLimit,
    claim: (size) =>
      claimUnsettledPayments(context.firstCall, { limit: size, asOf }),
    handle: (payment) => settle(context, payment),
    onInterrupted: ({ paymentKey }, error) =>
      context.logger.error("payment_not_settled", {
        paymentKey,
        cause: error instanceof Error ? error.message : String(error),
      }),
  });
  const hooks = await callOwedHooks(context, asOf);
  return {
    expired: orders.expired,
    hooksCalled: hooks.called,
    hooksFailed: hooks.failed,
    asked: payments.claimed,
    settled: payments.results.filter((isSettled) => isSettled).length,
    remaining: orders.remaining + payments.remaining,
  };
}

async function giveUpOverdueOrders(
  database: Database,
  { limit, asOf }: SliceRequest,
): Promise<{ expired: number; remaining: number }> {
  const startedAt = performance.now();
  let expired = 0;
  while (true) {
    const size = Math.min(ORDERS_PER_BATCH, limit - expired);
    const batch = await expireOrders(database, { limit: size, asOf });
    expired += batch.expired;
    const isTimeUp = performance.now() - startedAt > TIME_BUDGET_MILLISECONDS;
    const isOver = batch.expired === 0 || batch.remaining === 0;
    if (isOver || isTimeUp || expired >= limit) {
      return { expired, remaining: batch.remaining };
    }
  }
}

async function settle(
  context: OperationContext,
  payment: UnsettledPayment,
): Promise<boolean> {
  const { paymentKey, askedAt } = payment;
  const { toss, logger, depositHours } = context;
  const answer = await toss.of(payment).getPayment(paymentKey);
  if (answer.kind !== "answered") {
    logger.warn("payment_without_proof", { paymentKey, outcome: answer.kind });
    return false;
  }
  const applied = await applyAnswer(context, answer.value, {
    askedAt,
    depositHours,
  });
  return applied.outcome === "confirmed" || applied.outcome === "rejected";
}
