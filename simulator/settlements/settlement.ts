import { toKoreanDay, toKoreanTime } from "../korean-time.ts";
import type { Cancel, Payment } from "../payments/payment.ts";
import { type Transaction, transactionsOf } from "../payments/transaction.ts";
import { feeOn, NO_FEE } from "./fees.ts";
import { payoutDay } from "./payout-day.ts";

/** A line of Toss's list of settlements (정산 조회): an approval, or a cancel. Amounts in KRW, a cancel's negative. */
export interface Settlement {
  transaction: Transaction;
  amount: number;
  /** Without VAT. */
  fee: number;
  feeVat: number;
  /** `yyyy-MM-dd` in Korea; the day of the approval or the cancel. */
  soldDate: string;
  approvedAt: number;
  /** Null for an approval. */
  cancel: Cancel | null;
}

/** The settlements of a payment; none while no money was taken. */
export function settlementsOf(payment: Payment): Settlement[] {
  let left = 0;
  let before = NO_FEE;
  return transactionsOf(payment).map((transaction, place) => {
    const cancel = payment.cancels[place - 1] ?? null;
    const amount = cancel === null ? transaction.amount : -transaction.amount;
    left += amount;
    const after = feeOn(payment.method, left);
    const change = {
      fee: after.fee - before.fee,
      feeVat: after.vat - before.vat,
    };
    before = after;
    return {
      transaction,
      amount,
      ...change,
      soldDate: toKoreanDay(transaction.transactionAt),
      approvedAt: payment.approvedAt ?? transaction.transactionAt,
      cancel,
    };
  });
}

/** The settlement of another shop that shares the key. */
export function foreignSettlement(transaction: Transaction): Settlement {
  const { fee, vat } = feeOn("카드", transaction.amount);
  return {
    transaction,
    amount: transaction.amount,
    fee,
    feeVat: vat,
    soldDate: toKoreanDay(transaction.transactionAt),
    approvedAt: transaction.transactionAt,
    cancel: null,
  };
}

/** A line as Toss writes it; `supplyAmount` and `vat` are those of the fee. */
export function settlementBody(settlement: Settlement) {
  const { transaction, amount, fee, feeVat, soldDate, cancel } = settlement;
  return {
    mId: transaction.merchantId,
    paymentKey: transaction.paymentKey,
    transactionKey: transaction.transactionKey,
    orderId: transaction.orderId,
    currency: "KRW",
    method: transaction.method,
    amount,
    interestFee: 0,
    fees: [{ type: "BASE", fee: fee + feeVat }],
    supplyAmount: fee,
    vat: feeVat,
    payOutAmount: amount - fee - feeVat,
    approvedAt: toKoreanTime(settlement.approvedAt),
    soldDate,
    paidOutDate: payoutDay(transaction.method, soldDate),
    card: null,
    easyPay: null,
    giftCertificate: null,
    mobilePhone: null,
    transfer: null,
    virtualAccount: null,
    cancel,
  };
}
