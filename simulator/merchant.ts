import type { BillingKey } from "./billing/billing-key.ts";
import type { KeyPair } from "./options.ts";
import type { Payment } from "./payments/payment.ts";
import type { SimulatorState } from "./state.ts";

/*
 * Keys and webhooks are per merchant id (Toss core API reference): what another merchant made does not exist for
 * whoever asks, and both pairs of one merchant see the same.
 */

/** Whether something was made by the merchant that asks. */
export function isOf(made: { keyPair: KeyPair }, asking: KeyPair): boolean {
  return made.keyPair.merchantId === asking.merchantId;
}

/** A payment of the merchant that asks. */
export function findPayment(
  state: Pick<SimulatorState, "payments">,
  asking: KeyPair,
  paymentKey: string,
): Payment | undefined {
  const payment = state.payments.get(paymentKey);
  return payment !== undefined && isOf(payment, asking) ? payment : undefined;
}

/** The payments of an order of the merchant that asks, in order of creation. */
export function paymentsOfOrder(
  state: Pick<SimulatorState, "paymentsByOrder">,
  asking: KeyPair,
  orderId: string,
): Payment[] {
  return (state.paymentsByOrder.get(orderId) ?? [])
    .filter((payment) => isOf(payment, asking));
}

/** A billing key of the merchant that asks. */
export function findBillingKey(
  { billing }: Pick<SimulatorState, "billing">,
  asking: KeyPair,
  billingKey: string,
): BillingKey | undefined {
  const key = billing.keys.get(billingKey);
  return key !== undefined && isOf(key, asking) ? key : undefined;
}

/** Whether a pair is of the widget family, which opens neither billing nor virtual accounts by API. */
export function isWidgetPair({ secretKey }: KeyPair): boolean {
  return /^(test|live)_gsk_/.test(secretKey);
}
