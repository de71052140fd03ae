import { z } from "zod";
import { billingDeleteOperation } from "./billing-delete.ts";
import { billingIssueOperation } from "./billing-issue.ts";
import { cancelOperation } from "./cancel.ts";
import {
  cashReceiptCancelOperation,
  cashReceiptOperation,
} from "./cash-receipts.ts";
import { chargeOperation } from "./charges.ts";
import type { Database } from "./client.ts";
import { confirmOperation } from "./confirm.ts";
import { type Claimed, type ClaimRequest, madeWith } from "./lease.ts";
import { virtualAccountOperation } from "./virtual-account.ts";

/** A leased operation of any kind. */
export const operation = z.discriminatedUnion("kind", [
  confirmOperation,
  cancelOperation,
  virtualAccountOperation,
  chargeOperation,
  billingIssueOperation,
  billingDeleteOperation,
  cashReceiptOperation,
  cashReceiptCancelOperation,
]);

/** An operation whose `kind` tells how it is finished. */
export type Operation = z.output<typeof operation>;

const operations = z.object({
  operations: z.array(operation),
  remaining: z.number().int(),
});

/** Takes open operations whose lease has passed; see the comment on `public.claim_operations`. */
export async function claimOperations(
  database: Database,
  request: ClaimRequest,
): Promise<Claimed<Operation>> {
  const answer = await database.call(
    "claim_operations",
    { ...request },
    operations,
  );
  return { items: answer.operations, remaining: answer.remaining };
}

/** A bounded slice of work at a time: now, or `asOf` (ISO 8601). */
export interface SliceRequest {
  limit: number;
  asOf: string | null;
}

const expired = z.object({
  expired: z.number().int(),
  remaining: z.number().int(),
});

const owedOrders = z.object({ orderIds: z.array(z.string()) });

/** The orders for which the shop's hook is owed calls that are due; see the comment on `public.orders_owed_hooks`. */
export async function ordersOwedHooks(
  database: Database,
  request: SliceRequest,
): Promise<string[]> {
  const { orderIds } = await database.call(
    "orders_owed_hooks",
    { ...request },
    owedOrders,
  );
  return orderIds;
}

const hookCalls = z.object({
  called: z.number().int(),
  failed: z.number().int(),
});

/** Calls the shop's hook with what one order is owed; see the comment on `public.run_order_hooks`. */
export function runOrderHooks(
  database: Database,
  request: { orderId: string; asOf: string | null },
): Promise<z.output<typeof hookCalls>> {
  return database.call("run_order_hooks", { ...request }, hookCalls);
}

/** Gives up overdue orders; see the comment on `public.expire_orders`. */
export function expireOrders(
  database: Database,
  request: SliceRequest,
): Promise<z.output<typeof expired>> {
  return database.call("expire_orders", { ...request }, expired);
}

const unsettled = z.object({
  payments: z.array(z.object({
    paymentKey: z.string(),
    orderId: z.string(),
    ...madeWith,
    askedAt: z.string(),
  })),
  remaining: z.number().int(),
});

/** A payment that must have ended at Toss by now. */
export type UnsettledPayment = z.output<typeof unsettled>["payments"][number];

/** Finds payments past their clocks; see the comment on `public.claim_unsettled_payments`. */
export async function claimUnsettledPayments(
  database: Database,
  request: SliceRequest,
): Promise<Claimed<UnsettledPayment>> {
  const { payments, remaining } = await database.call(
    "claim_unsettled_payments",
    { ...request },
    unsettled,
  );
  return { items: payments, remaining };
}

const housekeeping = z.object({
  deletedCronRuns: z.number().int(),
  /** Those that were ignored without proof. */
  deletedWebhookEvents: z.number().int(),
  /** Callers that were counted because Toss did not know their payments. */
  deletedRefusals: z.number().int(),
  /** Old events and deliveries of the outbox. */
  deletedEvents: z.number().int(),
  remaining: z.number().int(),
});

/** Removes old records of pg_cron and of strangers' events; see the comment on `public.run_housekeeping`. */
export function runHousekeeping(
  database: Database,
): Promise<z.output<typeof housekeeping>> {
  return database.call("run_housekeeping", {}, housekeeping);
}

const retained = z.object({
  /** Whose buyer is not named any more. */
  erasedOrders: z.number().int(),
  erasedWebhookBodies: z.number().int(),
  remaining: z.number().int(),
});

/** Erases a slice of what is too old; see the comment on `public.apply_retention`. */
export function applyRetention(
  database: Database,
  request: {
    webhookBodyDays: number;
    personalDataYears: number;
    limit: number | undefined;
  },
): Promise<z.output<typeof retained>> {
  return database.call("apply_retention", { ...request }, retained);
}

/** Writes the heartbeat of a job. */
export async function recordJobRun(
  database: Database,
  request: {
    job: string;
    durationSeconds: number;
    result: Record<string, unknown>;
  },
): Promise<void> {
  await database.call("record_job_run", request, z.unknown());
}
