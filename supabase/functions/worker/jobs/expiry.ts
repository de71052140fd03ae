import { applyPayment } from "../../_shared/database/apply-payment.ts";
import {
  claimUnsettledPayments,
  expireOrders,
  type UnsettledPayment,
} from "../../_shared/database/worker-jobs.ts";
import { createOperationContext } from "../../_shared/operations/create-context.ts";
import type { OperationContext } from "../../_shared/payments/operation-context.ts";
import { paymentSnapshot } from "../../_shared/payments/snapshot.ts";
import type { Job } from "./job.ts";

/** Toss refuses tight polling, and what is left waits for the next minute. */
const PAYMENTS_PER_RUN = 10;

/** Job `expiry`: gives up orders past their time, and asks Toss about payments whose end no webhook told. */
export const expiry: Job = async (context, { limit, asOf }) => {
  const { database } = context.services;
  const slice = { limit, asOf: asOf ?? null };
  const orders = await expireOrders(database, slice);
  const payments = await claimUnsettledPayments(database, {
    ...slice,
    limit: Math.min(limit, PAYMENTS_PER_RUN),
  });
  const operationContext = createOperationContext(context, "worker");
  const settled = await Promise.all(
    payments.map((payment) =>
      settle(operationContext, payment).catch((error: unknown) => {
        context.logger.error("payment_not_settled", {
          paymentKey: payment.paymentKey,
          cause: error instanceof Error ? error.message : String(error),
        });
        return false;
      })
    ),
  );
  return {
    expired: orders.expired,
    asked: payments.length,
    settled: settled.filter((isSettled) => isSettled).length,
    remaining: orders.remaining,
  };
};

async function settle(
  { toss, database, source, requestId, logger }: OperationContext,
  { paymentKey, askedAt }: UnsettledPayment,
): Promise<boolean> {
  const answer = await toss.getPayment(paymentKey);
  if (answer.kind !== "answered") {
    logger.warn("payment_without_proof", { paymentKey, outcome: answer.kind });
    return false;
  }
  const applied = await applyPayment(database, {
    payment: paymentSnapshot(answer.value),
    source,
    askedAt,
    requestId,
  });
  return applied.outcome === "confirmed" || applied.outcome === "rejected";
}
