import { type Purchase, startPurchase } from "./buy.ts";
import type { Shop } from "./shop.ts";
import { deliverWebhook, settleWebhooks, withoutWebhooks } from "./webhooks.ts";
import { tossAnswers } from "./webhook-scenes/toss-answers.ts";

/** A purchase by virtual account and the secret that its deposit callbacks carry. */
export interface VirtualAccount extends Purchase {
  secret: string;
}

const APPROVED_AT = "2026-11-21T11:42:34+09:00";

/** What Toss says about a virtual account, by status; the whole amount is what a cancel takes back. */
function answerOf(
  { amount, secret }: VirtualAccount,
  status: string,
): Record<string, unknown> {
  const isCanceled = status === "CANCELED";
  return {
    status,
    method: "가상계좌",
    secret,
    approvedAt: status === "WAITING_FOR_DEPOSIT" ? null : APPROVED_AT,
    balanceAmount: isCanceled ? 0 : amount,
    cancels: isCanceled
      ? [{
        cancelAmount: amount,
        transactionKey: `cancel-${secret}`,
        cancelStatus: "DONE",
        canceledAt: APPROVED_AT,
      }]
      : null,
    virtualAccount: {
      bankCode: "20",
      accountNumber: "X6505636518308",
      customerName: "김토스",
      dueDate: "2026-11-28T23:59:59+09:00",
    },
  };
}

/** From now on Toss says this about the virtual account. */
export function atToss(
  shop: Shop,
  account: VirtualAccount,
  status: "WAITING_FOR_DEPOSIT" | "DONE" | "CANCELED",
): void {
  tossAnswers(shop, account, answerOf(account, status));
}

/** A virtual account that waits at Toss and of which nobody has told us yet. */
export async function issueUnnoticed(shop: Shop): Promise<VirtualAccount> {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  const account = { ...purchase, secret: `ps_${crypto.randomUUID()}` };
  atToss(shop, account, "WAITING_FOR_DEPOSIT");
  return account;
}

/** A virtual account that waits for its deposit, here too. */
export async function issue(shop: Shop): Promise<VirtualAccount> {
  const account = await issueUnnoticed(shop);
  await deliverWebhook(shop, depositCallback(account, "WAITING_FOR_DEPOSIT"));
  await settleWebhooks(shop);
  return account;
}

/** The body of a DEPOSIT_CALLBACK. */
export function depositCallback(
  { orderId, secret }: { orderId: string; secret: string },
  status: string,
) {
  return {
    createdAt: "2026-11-21T11:42:34",
    secret,
    status,
    transactionKey: crypto.randomUUID(),
    orderId,
  };
}
