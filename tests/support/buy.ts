import assert from "node:assert/strict";
import { z } from "zod";
import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";
import { buyerHeaders } from "../../stack/users.ts";

// Strict: a field that the API does not promise is a mistake.
const orderSchema = z.strictObject({
  orderId: z.string().regex(/^[A-Za-z0-9_-]{6,64}$/),
  orderName: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  taxFreeAmount: z.number().int(),
  customerKey: z.string(),
  clientKey: z.string(),
  successUrl: z.url(),
  failUrl: z.url(),
  expiresAt: z.iso.datetime({ offset: true }),
});

/** What `checkout` answers. */
export type Order = z.output<typeof orderSchema>;

/** The three values of a confirm. */
export interface Purchase {
  paymentKey: string;
  orderId: string;
  amount: number;
}

/** A cart of one product without limited stock: 3,000 won. */
export const ONE_STICKER = { items: [{ productId: "sticker", quantity: 1 }] };

/** Calls `checkout`, for a guest unless a token is given. */
export function checkout(
  shop: Shop,
  body: unknown,
  accessToken?: string,
): Promise<Answer> {
  const headers = buyerHeaders(shop, accessToken);
  return callFunction(shop, "checkout", { body, headers });
}

/** A checkout that must succeed. */
export async function placeOrder(
  shop: Shop,
  body: unknown = ONE_STICKER,
  accessToken?: string,
): Promise<Order> {
  const answer = await checkout(shop, body, accessToken);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return orderSchema.parse(answer.body);
}

/** The buyer authenticates a payment of an order in Toss's window; answers what the success URL gets. */
export function payInWindow({ simulator }: Shop, order: Order): Purchase {
  const { orderId, amount, orderName, clientKey } = order;
  const { paymentKey } = simulator.createPayment({
    orderId,
    amount,
    orderName,
    clientKey,
  });
  return { paymentKey, orderId, amount };
}

/** An order whose payment waits for its confirm. */
export async function startPurchase(
  shop: Shop,
  body: unknown = ONE_STICKER,
  accessToken?: string,
): Promise<Purchase> {
  return payInWindow(shop, await placeOrder(shop, body, accessToken));
}

/** Calls `POST confirm`. */
export function confirm(shop: Shop, purchase: unknown): Promise<Answer> {
  return callFunction(shop, "confirm", { body: purchase });
}

/** A purchase from checkout to a confirm that must succeed. */
export async function buy(
  shop: Shop,
  body: unknown = ONE_STICKER,
  accessToken?: string,
): Promise<Purchase> {
  const purchase = await startPurchase(shop, body, accessToken);
  const answer = await confirm(shop, purchase);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return purchase;
}
