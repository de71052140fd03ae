import assert from "node:assert/strict";
import { z } from "zod";
import { type Order, placeOrder } from "./buy.ts";
import { buyerHeaders } from "../../stack/users.ts";
import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";
import { settleWebhooks } from "./webhooks.ts";

// Strict: a field that the API does not promise, such as the payment's secret, is a mistake.
const issuedSchema = z.strictObject({
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  virtualAccount: z.strictObject({
    bankCode: z.string(),
    bankName: z.string(),
    accountNumber: z.string(),
    customerName: z.string(),
    dueDate: z.iso.datetime({ offset: true }),
  }),
});

/** What `virtual-account` answers. */
export type IssuedAccount = z.output<typeof issuedSchema>;

/** A bank and a name, as a buyer gives them. */
export const ACCOUNT = { bank: "20", customerName: "김토스" };

/** Where a refund goes. */
export const REFUND_ACCOUNT = {
  bank: "신한",
  accountNumber: "110413789012",
  holderName: "박은닉",
};

/** Calls `virtual-account`, as a guest unless a token is given. */
export function requestAccount(
  shop: Shop,
  body: Record<string, unknown>,
  accessToken?: string,
): Promise<Answer> {
  return callFunction(shop, "virtual-account", {
    body: { ...ACCOUNT, ...body },
    headers: buyerHeaders(shop, accessToken),
  });
}

/** What an answer of 201 says. */
export function issuedBy({ status, body }: Answer): IssuedAccount {
  assert.equal(status, 201, JSON.stringify(body));
  return issuedSchema.parse(body);
}

/** An order that waits for its deposit. */
export async function orderByTransfer(
  shop: Shop,
  cart?: unknown,
  accessToken?: string,
): Promise<IssuedAccount> {
  const { orderId }: Order = await placeOrder(shop, cart, accessToken);
  return issuedBy(await requestAccount(shop, { orderId }, accessToken));
}

/** The buyer transfers the money, and the webhook says so. */
export async function payIn(shop: Shop, paymentKey: string): Promise<void> {
  assert.equal(shop.simulator.deposit(paymentKey).kind, "done");
  await settleWebhooks(shop);
}

/** An order that was paid by transfer. */
export async function paidByTransfer(
  shop: Shop,
  cart?: unknown,
  accessToken?: string,
): Promise<IssuedAccount> {
  const account = await orderByTransfer(shop, cart, accessToken);
  await payIn(shop, account.paymentKey);
  return account;
}

/** The accounts that Toss has issued for an order. */
export function accountsAtToss({ simulator }: Shop, orderId: string) {
  return simulator.books().filter((book) =>
    book.orderId === orderId && book.virtualAccount !== null
  );
}
