import type { TossPayment } from "./payment.ts";

/** Whether Toss's record is of a virtual account: one that cannot be read has been issued all the same. */
export function isVirtualAccount(
  { status, method, virtualAccount }: TossPayment,
): boolean {
  return virtualAccount !== null || method === "가상계좌" ||
    status === "WAITING_FOR_DEPOSIT";
}
