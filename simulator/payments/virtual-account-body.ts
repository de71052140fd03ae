import { toKoreanTime } from "../korean-time.ts";
import type { VirtualAccount } from "./virtual-account.ts";

/** `expired` in the form that the account's settings ask for. */
function expiryBody({ expired, shownExpiry }: VirtualAccount) {
  switch (shownExpiry) {
    case "flag":
      return { expired };
    case "never":
      return { expired: false };
    case "absent":
      return {};
    case "text":
      return { expired: expired ? "Y" : "N" };
  }
}

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
    ...(account.showsDueDate ? { dueDate: toKoreanTime(account.dueAt) } : {}),
    refundStatus: account.refundStatus,
    ...expiryBody(account),
    settlementStatus: "INCOMPLETED",
    refundReceiveAccount: account.refundReceiveAccount,
  };
}
