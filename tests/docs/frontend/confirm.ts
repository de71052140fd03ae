import type { SupabaseClient } from "@supabase/supabase-js";
import { callFunction, whileProcessing } from "./functions.ts";

export type Confirmation =
  | { status: "processing"; orderId: string }
  | {
    status: "confirmed" | "waiting_for_deposit";
    orderId: string;
    paymentKey: string;
    amount: number;
    approvedAt: string | null;
    method: string | null;
    receiptUrl: string | null;
    virtualAccount?: { bankCode: string; accountNumber: string };
  };

/** On a success page of your own, with the query that Toss appended. */
export function confirmPayment(
  supabase: SupabaseClient,
  query: URLSearchParams,
): Promise<Confirmation> {
  const body = {
    paymentKey: query.get("paymentKey"),
    orderId: query.get("orderId"),
    amount: Number(query.get("amount")),
  };
  return whileProcessing(() =>
    callFunction<Confirmation>(supabase, "confirm", body)
  );
}

/** What the database says: the one thing to unlock anything on. */
export async function orderStatus(
  supabase: SupabaseClient,
  orderId: string,
): Promise<string | null> {
  const { data, error } = await supabase.from("orders")
    .select("status").eq("id", orderId).maybeSingle();
  if (error) throw error;
  return data?.status ?? null;
}
