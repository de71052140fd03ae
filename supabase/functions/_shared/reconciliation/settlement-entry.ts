import type { TossSettlement } from "../toss/settlements.ts";
import { tossTime } from "../toss/time.ts";

/** A settlement as the database keeps it; amounts in won. */
export interface SettlementEntry {
  paymentKey: string;
  transactionKey: string;
  orderId: string | null;
  mId: string | null;
  method: string | null;
  /** Negative for a refund. */
  amount: number;
  /** Without its VAT. */
  fee: number;
  feeVat: number;
  payOutAmount: number;
  soldDate: string;
  paidOutDate: string | null;
  approvedAt: string | null;
}

/**
 * Reduces a settlement of Toss's list to what the database keeps; null for another currency than KRW.
 *
 * `supplyAmount` and `vat` of a settlement are those of the fee. A refund is negative whatever sign Toss gives it.
 * Source: core API reference, Settlement object.
 */
export function settlementEntry(row: TossSettlement): SettlementEntry | null {
  if ((row.currency ?? "KRW") !== "KRW") return null;
  const sign = row.cancel !== null && row.amount > 0 ? -1 : 1;
  const feeVat = row.vat ?? 0;
  const fee = row.supplyAmount ??
    (row.fees === null ? row.amount - row.payOutAmount : sum(row.fees)) -
      feeVat;
  return {
    paymentKey: row.paymentKey,
    transactionKey: row.transactionKey,
    orderId: row.orderId,
    mId: row.mId,
    method: row.method,
    amount: signed(row.amount),
    fee: signed(fee),
    feeVat: signed(feeVat),
    payOutAmount: signed(row.payOutAmount),
    soldDate: row.soldDate,
    paidOutDate: row.paidOutDate,
    approvedAt: tossTime(row.approvedAt),
  };

  function signed(amount: number): number {
    return amount === 0 ? 0 : sign * amount;
  }
}

function sum(fees: readonly { fee: number }[]): number {
  return fees.reduce((total, { fee }) => total + fee, 0);
}
