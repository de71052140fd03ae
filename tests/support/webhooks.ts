import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";

/** Waits until Toss has sent what it is sending and the functions have worked it off. */
export async function settleWebhooks(
  { stack, simulator }: Shop,
): Promise<void> {
  await simulator.settle();
  await stack.functionsSettled();
}

/** Keeps Toss's own webhooks away for the rest of the test. */
export function withoutWebhooks({ simulator }: Shop): void {
  simulator.setWebhookUrls([]);
}

/** What a hand-made delivery carries besides its body. */
export interface Transmission {
  /** Absent = the header is not sent. */
  transmissionId?: string;
  retriedCount?: number;
}

/** Posts a webhook as Toss would, or as somebody who pretends to be Toss. */
export function deliverWebhook(
  shop: Shop,
  body: unknown,
  { transmissionId, retriedCount = 0 }: Transmission = {},
): Promise<Answer> {
  const headers: Record<string, string> = {
    "tosspayments-webhook-transmission-time": new Date().toISOString(),
    "tosspayments-webhook-transmission-retried-count": String(retriedCount),
  };
  if (transmissionId !== undefined) {
    headers["tosspayments-webhook-transmission-id"] = transmissionId;
  }
  return callFunction(shop, "webhook", { body, headers });
}

/** The envelope of PAYMENT_STATUS_CHANGED around what it claims about a payment. */
export function statusChanged(data: Record<string, unknown>) {
  return {
    eventType: "PAYMENT_STATUS_CHANGED",
    createdAt: "2026-11-21T11:42:34.466",
    data,
  };
}
