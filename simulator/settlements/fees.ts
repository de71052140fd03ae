import type { PaymentMethod } from "../payments/payment.ts";

/** A fee in KRW. */
export interface Fee {
  /** Without VAT. */
  fee: number;
  vat: number;
}

/** Hundredths of a per cent of what is sold, or won for each payment: such as contracts of small shops name. */
const RATES: Record<PaymentMethod, { basisPoints: number } | { won: number }> =
  {
    카드: { basisPoints: 320 },
    간편결제: { basisPoints: 340 },
    계좌이체: { basisPoints: 180 },
    가상계좌: { won: 400 },
    휴대폰: { basisPoints: 350 },
    문화상품권: { basisPoints: 600 },
    도서문화상품권: { basisPoints: 600 },
    게임문화상품권: { basisPoints: 600 },
  };

/** What is due before the approval. */
export const NO_FEE: Fee = { fee: 0, vat: 0 };

/**
 * The fee of a payment of which so much is left.
 *
 * A share follows what is left, so that a full refund gives all of it back; what is due for each payment stays.
 */
export function feeOn(method: PaymentMethod, left: number): Fee {
  const rate = RATES[method];
  const fee = "won" in rate
    ? rate.won
    : Math.floor(left * rate.basisPoints / 10_000);
  return { fee, vat: Math.round(fee / 10) };
}
