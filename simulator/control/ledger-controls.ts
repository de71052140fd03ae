import { z } from "zod";
import { newTransactionKey } from "../payments/identifiers.ts";
import type { Payment } from "../payments/payment.ts";
import { type Transaction, transactionsOf } from "../payments/transaction.ts";
import { type Settlement, settlementsOf } from "../settlements/settlement.ts";
import type { SimulatorState } from "../state.ts";
import { keyPairOf } from "./key-pair-of.ts";

const foreignSchema = z.strictObject({
  count: z.int().positive().default(1),
  /** The shop that shares the key; at most 14 characters. */
  merchantId: z.string().min(1).max(14).default("othershop"),
  orderId: z.string().min(6).max(64).optional(),
  amount: z.int().positive().default(1000),
  /** Milliseconds since the Unix epoch; default: now. */
  at: z.int().optional(),
  /** Default: the first client key. */
  clientKey: z.string().optional(),
});

/** Which lines the list leaves out. */
export const unlistSchema = z.strictObject({
  transactionKeys: z.array(z.string().min(1)),
});

/** What is settled instead of a transaction's amount; null = nothing. */
export const alterSettlementSchema = z.strictObject({
  transactionKey: z.string().min(1),
  amount: z.int().nullable(),
});

/** Payments of another shop under the same key. */
export type ForeignInput = z.input<typeof foreignSchema>;

/** What makes Toss's books differ from a shop's, for tests of a reconciliation. */
export interface LedgerControls {
  /** What Toss's list shows; keys in order of creation. */
  transactions(): Pick<Transaction, "transactionKey" | "paymentKey">[];
  addForeignTransactions(input: ForeignInput): void;
  /** Leaves transactions out of the list; the payments stay as they are. */
  unlist(transactionKeys: string[]): void;
  /** Settles another amount for a transaction, a cancel's negative; null = none at all. */
  alterSettlement(transactionKey: string, amount: number | null): void;
  /** What Toss pays out for the payments of all merchants, in order of creation. */
  settlements(): Settlement[];
  /** Toss knows nothing of the payment any more. False when it did not. */
  forgetPayment(paymentKey: string): boolean;
  /** Takes the last cancel back as if it had not been. False when there is none. */
  forgetLastCancel(paymentKey: string): boolean;
  /** Changes what was taken, of a payment without cancels. False when there is none. */
  alterAmount(paymentKey: string, amount: number): boolean;
}

function forgetLastCancel(payment: Payment | undefined): boolean {
  const cancel = payment?.cancels.pop();
  if (payment === undefined || cancel === undefined) return false;
  payment.balanceAmount += cancel.cancelAmount;
  payment.taxFreeAmount += cancel.taxFreeAmount;
  payment.status = payment.cancels.length === 0 ? "DONE" : "PARTIAL_CANCELED";
  payment.lastTransactionKey = payment.cancels.at(-1)?.transactionKey ??
    payment.approvalKey;
  return true;
}

/** Builds the controls of the ledger. */
export function ledgerControls(state: SimulatorState): LedgerControls {
  return {
    transactions: () =>
      [...state.payments.values()].flatMap(transactionsOf)
        .map(({ transactionKey, paymentKey }) => ({
          transactionKey,
          paymentKey,
        })),
    addForeignTransactions(input) {
      const { count, merchantId, orderId, amount, at, clientKey } =
        foreignSchema.parse(input);
      const keyPair = keyPairOf(state, clientKey);
      const first = state.foreignTransactions.length;
      for (let index = first; index < first + count; index++) {
        state.foreignTransactions.push({
          keyPair,
          merchantId,
          transactionKey: newTransactionKey(),
          paymentKey: `foreign_${index}`,
          orderId: orderId ?? `foreign-order-${index}`,
          method: "카드",
          customerKey: null,
          status: "DONE",
          transactionAt: at ?? state.clock.now(),
          amount,
        });
      }
    },
    unlist(transactionKeys) {
      for (const key of transactionKeys) state.unlistedTransactions.add(key);
    },
    alterSettlement(transactionKey, amount) {
      state.alteredSettlements.set(transactionKey, amount);
    },
    settlements: () => [...state.payments.values()].flatMap(settlementsOf),
    forgetPayment(paymentKey) {
      const payment = state.payments.get(paymentKey);
      if (payment === undefined) return false;
      state.payments.delete(paymentKey);
      const sameOrder = state.paymentsByOrder.get(payment.orderId) ?? [];
      state.paymentsByOrder.set(
        payment.orderId,
        sameOrder.filter((each) => each !== payment),
      );
      return true;
    },
    forgetLastCancel: (paymentKey) =>
      forgetLastCancel(state.payments.get(paymentKey)),
    alterAmount(paymentKey, amount) {
      const payment = state.payments.get(paymentKey);
      if (payment === undefined || payment.cancels.length > 0) return false;
      payment.totalAmount = amount;
      payment.balanceAmount = amount;
      return true;
    },
  };
}
