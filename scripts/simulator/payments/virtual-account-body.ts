import { toKoreanTime } from "../korean-time.ts";
import type { VirtualAccount } from "./virtual-account.ts";

/**
 * Writes `Payment.virtualAccount`.
 * Source: Toss core API reference, Payment object.
 */
export function virtualAccountBody(account: VirtualAccount) {
  return {
    accountType: account.accountType,
    accountNumber: account.accountNumber,
    bankCode: account.bankCode,
    customerName: account.customerName,
    depositorName: account.depositorName,
    dueDate: toKoreanTime(account.dueAt),
    refundStatus: account.refundStatus,
    expired: account.expired,
    settlementStatus: "INCOMPLETED",
    refundReceiveAccount: account.refundReceiveAccount,
  };
}
