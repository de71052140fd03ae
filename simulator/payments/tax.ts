import type { Payment } from "./payment.ts";

/**
 * The tax-free part of a payment's balance, in KRW. A cancel that names no
 * tax-free amount counts as taxable, but more than what is left can never be
 * tax-free.
 */
export function taxFreeLeft(payment: Payment): number {
  const canceled = payment.cancels
    .reduce((sum, cancel) => sum + cancel.taxFreeAmount, 0);
  return Math.min(payment.taxFreeAmount - canceled, payment.balanceAmount);
}
