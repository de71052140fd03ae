import { z } from "zod";
import type { PaymentStatus } from "../payments/payment.ts";
import { REFUND_ENDS, type RefundEnd } from "../payments/virtual-account.ts";
import {
  type AccountPayment,
  deposit,
  endRefund,
  hasAccount,
  reverseDeposit,
} from "../payments/virtual-account-life.ts";
import type { SimulatorState } from "../state.ts";
import { type ControlOutcome, summaryOf } from "./payment-outcome.ts";

/** Who pays into an account; default: the name it was issued for. */
export const depositSchema = z.strictObject({
  depositorName: z.string().min(1).max(100).optional(),
});

/** `depositSchema` as callers give it. */
export type DepositInput = z.input<typeof depositSchema>;

/** How a refund ends. */
export const refundEndSchema = z.strictObject({ status: z.enum(REFUND_ENDS) });

/** What the bank and the buyer do to a virtual account. */
export interface VirtualAccountControls {
  /** WAITING_FOR_DEPOSIT → DONE, after the deadline too. */
  deposit(paymentKey: string, input?: DepositInput): ControlOutcome;
  /** DONE → WAITING_FOR_DEPOSIT: the bank takes the deposit back. */
  reverseDeposit(paymentKey: string): ControlOutcome;
  /** Tells the escrow service that the goods of a paid account are on their way. */
  registerDelivery(paymentKey: string): ControlOutcome;
  /**
   * Ends the refund of an account now. By itself it is COMPLETED two days
   * after the cancel.
   */
  endRefund(paymentKey: string, status: RefundEnd): ControlOutcome;
}

/** Builds the controls of virtual accounts. */
export function virtualAccountControls(
  state: SimulatorState,
): VirtualAccountControls {
  /** Applies `change` to an account's payment in the state `from`. */
  function change(
    paymentKey: string,
    from: PaymentStatus,
    apply: (payment: AccountPayment) => void,
  ): ControlOutcome {
    const payment = state.payments.get(paymentKey);
    if (payment === undefined) return { kind: "not_found" };
    if (!hasAccount(payment)) return { kind: "no_virtual_account" };
    const { status } = payment;
    if (status !== from) return { kind: "wrong_state", status };
    apply(payment);
    return { kind: "done", payment: summaryOf(payment) };
  }

  return {
    deposit(paymentKey, input = {}) {
      const { depositorName } = depositSchema.parse(input);
      return change(paymentKey, "WAITING_FOR_DEPOSIT", (payment) => {
        const { customerName } = payment.virtualAccount;
        deposit(state, payment, depositorName ?? customerName);
      });
    },
    reverseDeposit: (paymentKey) =>
      change(paymentKey, "DONE", (payment) => {
        reverseDeposit(state, payment);
      }),
    registerDelivery: (paymentKey) =>
      change(paymentKey, "DONE", (payment) => {
        payment.isDeliveryRegistered = true;
      }),
    endRefund(paymentKey, status) {
      const end = refundEndSchema.parse({ status }).status;
      const payment = state.payments.get(paymentKey);
      if (payment === undefined) return { kind: "not_found" };
      if (!hasAccount(payment)) return { kind: "no_virtual_account" };
      if (payment.virtualAccount.refundStatus === "NONE") {
        return { kind: "no_refund" };
      }
      endRefund(payment.virtualAccount, end);
      return { kind: "done", payment: summaryOf(payment) };
    },
  };
}
