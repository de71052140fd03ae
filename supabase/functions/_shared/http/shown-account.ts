import { BANKS, SECURITIES_FIRMS } from "../toss/banks.ts";

/** An account as a buyer sees it: with the usual name of its bank, null where the code is none that we know. */
export function shownAccount<Account extends { bankCode: string | null }>(
  account: Account,
): Account & { bankName: string | null } {
  const bank = [...BANKS, ...SECURITIES_FIRMS]
    .find(({ code }) => code === account.bankCode);
  return { ...account, bankName: bank?.names[0] ?? null };
}
