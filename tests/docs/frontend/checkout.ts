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

export interface WindowOptions {
  method?: "CARD" | "TRANSFER" | "VIRTUAL_ACCOUNT"; // easy pay is in CARD
  successUrl?: string | undefined; // a page of your own, else GET confirm
  sdkUrl?: string | undefined; // the simulator's script; Toss's own without it
}

/** Toss's SDK, or the simulator in its place. */
export function loadToss(clientKey: string, sdkUrl: string | undefined) {
  return loadTossPayments(clientKey, sdkUrl ? { src: sdkUrl } : {});
}

/** Opens the payment window; it ends on `successUrl` or `failUrl`. */
export async function openPaymentWindow(
  order: Order,
  { method = "CARD", successUrl, sdkUrl }: WindowOptions = {},
): Promise<void> {
  const toss = await loadToss(order.clientKey, sdkUrl);
  const payment = toss.payment({ customerKey: order.customerKey });
  const request = {
    amount: { currency: order.currency, value: order.amount },
    orderId: order.orderId,
    orderName: order.orderName,
    successUrl: successUrl ?? order.successUrl,
    failUrl: order.failUrl,
  };
  switch (method) { // the SDK has a type for each
    case "CARD":
      return await payment.requestPayment({ method, ...request });
    case "TRANSFER":
      return await payment.requestPayment({ method, ...request });
    case "VIRTUAL_ACCOUNT":
      // A guest's day; Toss's own seven hold the stock beyond our limit.
      return await payment.requestPayment({
        method,
        ...request,
        virtualAccount: { validHours: 24 },
      });
  }
}
