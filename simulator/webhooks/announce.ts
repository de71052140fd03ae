import { toWebhookTime } from "../korean-time.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { Payment } from "../payments/payment.ts";
import type { SimulatorState } from "../state.ts";

/**
 * Sends PAYMENT_STATUS_CHANGED for the payment's present state to every
 * webhook URL. Callers announce only EXPIRED, DONE, ABORTED, CANCELED and
 * PARTIAL_CANCELED; READY and IN_PROGRESS have no event. Nor has a charge of
 * a billing key; that its cancels have one is our reading.
 * Source: Toss docs, webhook events.
 */
export function announcePaymentStatus(
  state: SimulatorState,
  payment: Payment,
): void {
  if (payment.type === "BILLING" && payment.cancels.length === 0) return;
  const eventType = "PAYMENT_STATUS_CHANGED";
  const body = JSON.stringify({
    eventType,
    createdAt: toWebhookTime(state.clock.now()),
    data: paymentBody(payment, state),
  });
  const { paymentKey, status } = payment;
  for (const url of state.webhookUrls) {
    state.webhooks.send({ url, eventType, paymentKey, status, body });
  }
}

/**
 * Sends DEPOSIT_CALLBACK for a virtual account's present state: five keys (four
 * in version 1.4), neither envelope nor event name. Callers announce the issue, a deposit, its
 * reversal and every cancel; a deadline that passes has no event.
 * Source: Toss docs, webhook events.
 */
export function announceDeposit(state: SimulatorState, payment: Payment): void {
  const { paymentKey, status, secret, orderId } = payment;
  const transactionKey = payment.lastTransactionKey;
  const body = JSON.stringify({
    createdAt: toWebhookTime(state.clock.now()),
    secret,
    status,
    ...(state.settings.apiVersion === "1.4" ? {} : { transactionKey }),
    orderId,
  });
  const eventType = "DEPOSIT_CALLBACK";
  for (const url of state.webhookUrls) {
    state.webhooks.send({ url, eventType, paymentKey, status, body });
  }
}
