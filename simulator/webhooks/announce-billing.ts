import { toWebhookTime } from "../korean-time.ts";
import type { SimulatorState } from "../state.ts";

/**
 * Sends BILLING_DELETED to every webhook URL; `reason` null = none is given.
 * Source: Toss docs, webhook events.
 */
export function announceBillingDeleted(
  state: SimulatorState,
  billingKey: string,
  reason: string | null,
): void {
  const eventType = "BILLING_DELETED";
  const body = JSON.stringify({
    eventType,
    createdAt: toWebhookTime(state.clock.now()),
    data: { billingKey, reason },
  });
  for (const url of state.webhookUrls) {
    state.webhooks.send({ url, eventType, paymentKey: "", status: "", body });
  }
}
