import { BANK_CHOICES } from "../payments/banks.ts";

/** A bank account that billing keys are issued for. */
export interface BillingAccount {
  bankCode: string;
  accountNumber: string;
}

/** The number of an account that nobody chose. */
export const DEFAULT_ACCOUNT_NUMBER = "100012345678";

/** The first name of a bank. */
export function bankNameOf(code: string): string {
  return BANK_CHOICES.find((bank) => bank.code === code)?.name ?? code;
}

/** Shows the ends of an account number, as Toss's answers do. */
export function maskAccountNumber(accountNumber: string): string {
  const hidden = Math.max(accountNumber.length - 8, 1);
  return accountNumber.slice(0, 4) + "*".repeat(hidden) +
    accountNumber.slice(4 + hidden);
}
