import assert from "node:assert/strict";
import { placeOrder, type Purchase } from "./buy.ts";
import type { Shop } from "./shop.ts";
import { approveAtToss, refundAtToss } from "./toss-side.ts";
import { deliverWebhook, settleWebhooks, withoutWebhooks } from "./webhooks.ts";

/** A purchase by virtual account and the secret that its deposit callbacks carry. */
export interface VirtualAccount extends Purchase {
  secret: string;
}

/** The buyer pays into the account (`DONE`), or the bank takes the deposit back; Toss is well again. */
export function atToss(
  { simulator }: Shop,
  { paymentKey }: VirtualAccount,
  status: "WAITING_FOR_DEPOSIT" | "DONE",
): void {
  simulator.clearFaults();
  const { kind } = status === "DONE"
    ? simulator.deposit(paymentKey)
    : simulator.reverseDeposit(paymentKey);
  assert.equal(kind, "done");
}

/** The buyer pays, and everything is given back. */
export async function refundedAtToss(
  shop: Shop,
  account: VirtualAccount,
): Promise<void> {
  atToss(shop, account, "DONE");
  await refundAtToss(shop, account.paymentKey);
}

/** A virtual account that waits at Toss and of which nobody has told us yet. */
export async function issueUnnoticed(shop: Shop): Promise<VirtualAccount> {
  withoutWebhooks(shop);
  const { orderId, amount, orderName } = await placeOrder(shop);
  const order = { orderId, amount, orderName, method: "가상계좌" } as const;
  const { paymentKey } = shop.simulator.createPayment(order);
  const purchase = { paymentKey, orderId, amount };
  const { secret } = await approveAtToss(shop, purchase);
  assert.ok(typeof secret === "string");
  return { ...purchase, secret };
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
