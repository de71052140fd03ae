import assert from "node:assert/strict";
import { buy, type Purchase } from "./buy.ts";
import type { Shop } from "./shop.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "./webhooks.ts";
import { tossAnswers } from "./webhook-scenes/toss-answers.ts";

/** A paid purchase and a cancel of it that a foreign wallet carries out in its own time. */
export interface ForeignCancel extends Purchase {
  transactionKey: string;
  cancelAmount: number;
}

/** What a cancel can be at Toss. */
export type CancelStatus = "IN_PROGRESS" | "DONE" | "ABORTED";

/** What Toss says about the cancelled payment; an aborted cancel leaves the money with the shop. */
function answerOf(
  { amount, cancelAmount, transactionKey }: ForeignCancel,
  cancelStatus: CancelStatus,
): Record<string, unknown> {
  const isAborted = cancelStatus === "ABORTED";
  const isFull = cancelAmount === amount;
  return {
    status: isAborted ? "DONE" : isFull ? "CANCELED" : "PARTIAL_CANCELED",
    balanceAmount: isAborted ? amount : amount - cancelAmount,
    cancels: [{
      cancelAmount,
      cancelReason: "고객 변심",
      canceledAt: "2026-11-21T11:50:00+09:00",
      transactionKey,
      cancelStatus,
    }],
  };
}

/** From now on Toss says this about the cancel: each status once, the last for good. */
export function cancelAtTossIs(
  shop: Shop,
  cancel: ForeignCancel,
  ...statuses: CancelStatus[]
): void {
  const answers = statuses.map((status) => answerOf(cancel, status));
  tossAnswers(shop, cancel, ...answers);
}

/** A cancel that Toss has begun; what we know of it depends on the webhooks that follow. */
export async function beginCancel(
  shop: Shop,
  { body, cancelAmount }: { body?: unknown; cancelAmount?: number } = {},
): Promise<ForeignCancel> {
  withoutWebhooks(shop);
  const purchase = await buy(shop, body);
  const cancel = {
    ...purchase,
    transactionKey: `txrd_${crypto.randomUUID()}`,
    cancelAmount: cancelAmount ?? purchase.amount,
  };
  cancelAtTossIs(shop, cancel, "IN_PROGRESS");
  return cancel;
}

/** Toss reports the payment, and so the cancel as it is now. */
export async function reportPayment(
  shop: Shop,
  { orderId, paymentKey }: Purchase,
): Promise<void> {
  await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
  await settleWebhooks(shop);
}

/** The status of the cancel here; null while nothing is known of it. */
export async function cancelStatus(
  { stack }: Shop,
  { transactionKey }: ForeignCancel,
): Promise<string | null> {
  const rows = await stack.sql<{ status: string }[]>`
    select status from public.payment_cancels where transaction_key = ${transactionKey}`;
  assert.ok(rows.length <= 1);
  return rows[0]?.status ?? null;
}
