import type { SupabaseClient } from "@supabase/supabase-js";
import { loadTossPayments } from "@tosspayments/tosspayments-sdk";
import { callFunction } from "./functions.ts";

export type Cart =
  | { items: { productId: string; quantity: number }[] }
  | { planId: string }; // a one-time pass; signed in only

export interface Order {
  orderId: string;
  orderName: string;
  amount: number;
  currency: "KRW";
  customerKey: string;
  clientKey: string;
  successUrl: string; // GET confirm
  failUrl: string; // APP_URL + APP_FAIL_PATH
  expiresAt: string;
}

/** The server prices the cart and reserves its stock. */
export function placeOrder(supabase: SupabaseClient, cart: Cart) {
  return callFunction<Order>(supabase, "checkout", cart);
}

/** Opens the payment window; it ends on `successUrl` or `failUrl`. */
export async function openPaymentWindow(
  order: Order,
  successUrl = order.successUrl,
): Promise<void> {
  const toss = await loadTossPayments(order.clientKey);
  await toss.payment({ customerKey: order.customerKey }).requestPayment({
    method: "CARD",
    amount: { currency: order.currency, value: order.amount },
    orderId: order.orderId,
    orderName: order.orderName,
    successUrl,
    failUrl: order.failUrl,
  });
}
