import { applyPayment } from "../../_shared/database/apply-payment.ts";
import type { Database } from "../../_shared/database/client.ts";
import {
  claimUnsettledPayments,
  expireOrders,
  type SliceRequest,
  type UnsettledPayment,
} from "../../_shared/database/jobs.ts";
import { createOperationContext } from "../../_shared/operations/create-context.ts";
import type { OperationContext } from "../../_shared/payments/operation-context.ts";
import { paymentSnapshot } from "../../_shared/payments/snapshot.ts";
import {
  runBatches,
  TIME_BUDGET_MILLISECONDS,
} from "../../_shared/run-batches.ts";
import { DEFAULT_LIMIT, type Job } from "./job.ts";

/** All products of a batch are locked until it is done, and buyers wait. */
const ORDERS_PER_BATCH = 50;

/** The database does the work; a batch costs the function one call. */
const ORDERS_PER_RUN = 5_000;

/** Job `expiry`: gives up orders past their time, and asks Toss about payments whose end no webhook told. */
export const expiry: Job = async (context, { limit, asOf = null }) => {
  const { database } = context.services;
  const orders = await giveUpOverdueOrders(database, {
    limit: limit ?? ORDERS_PER_RUN,
    asOf,
  });
  const operationContext = createOperationContext(context, "worker");
  const payments = await runBatches({
    limit: limit ?? DEFAULT_LIMIT,
    claim: (size) => claimUnsettledPayments(database, { limit: size, asOf }),
    handle: (payment) => settle(operationContext, payment),
    onInterrupted: ({ paymentKey }, error) =>
      context.logger.error("payment_not_settled", {
        paymentKey,
        cause: error instanceof Error ? error.message : String(error),
      }),
  });
  return {
    expired: orders.expired,
    asked: payments.claimed,
    settled: payments.results.filter((isSettled) => isSettled).length,
    remaining: orders.remaining + payments.remaining,
  };
};

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
  { toss, database, source, requestId, logger, depositHours }: OperationContext,
  { paymentKey, askedAt }: UnsettledPayment,
): Promise<boolean> {
  const answer = await toss.getPayment(paymentKey);
  if (answer.kind !== "answered") {
    logger.warn("payment_without_proof", { paymentKey, outcome: answer.kind });
    return false;
  }
  const applied = await applyPayment(database, {
    payment: paymentSnapshot(answer.value),
    depositHours,
    source,
    askedAt,
    requestId,
  });
  return applied.outcome === "confirmed" || applied.outcome === "rejected";
}
