import type { SupabaseClient } from "@supabase/supabase-js";
import { type Cart, placeOrder } from "./checkout.ts";
import { callFunction, whileProcessing } from "./functions.ts";

export interface IssuedAccount {
  status?: "processing";
  orderId: string;
  paymentKey: string;
  amount: number;
  virtualAccount: {
    bankCode: string;
    accountNumber: string;
    customerName: string;
    dueDate: string;
  };
}

/** An account of its own for an order; the buyer transfers the money to it. */
export async function payByTransfer(
  supabase: SupabaseClient,
  cart: Cart,
  buyer: { bank: string; customerName: string },
): Promise<IssuedAccount> {
  const { orderId } = await placeOrder(supabase, cart);
  return await whileProcessing(() =>
    callFunction<IssuedAccount>(supabase, "virtual-account", {
      orderId,
      ...buyer,
      validHours: 24,
    })
  );
}
