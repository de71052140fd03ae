import type { SupabaseClient } from "@supabase/supabase-js";
import { loadTossPayments } from "@tosspayments/tosspayments-sdk";
import { callFunction, whileProcessing } from "./functions.ts";

interface RegistrationWindow {
  customerKey: string;
  clientKey: string;
  successUrl: string; // GET billing-issue with a signed state, for 30 minutes
  failUrl: string;
}

/** Opens the window that registers a card; with a plan it also subscribes. */
export async function openRegistrationWindow(
  supabase: SupabaseClient,
  { planId, successUrl }: { planId?: string; successUrl?: string },
): Promise<void> {
  const prepared = await callFunction<RegistrationWindow>(
    supabase,
    "billing-issue/prepare",
    planId === undefined ? {} : { planId },
  );
  const toss = await loadTossPayments(prepared.clientKey);
  const { customerKey, failUrl } = prepared;
  await toss.payment({ customerKey }).requestBillingAuth({
    method: "CARD",
    successUrl: successUrl ?? prepared.successUrl,
    failUrl,
  });
}

export interface Registration {
  status?: "processing";
  billingMethodId: string;
  card: { issuerCode: string; number: string; cardType: string };
  subscription?: { id: string; planId: string; status: string };
}

/** On a success page of your own, with the query that Toss appended. */
export function finishRegistration(
  supabase: SupabaseClient,
  query: URLSearchParams,
  planId?: string,
): Promise<Registration> {
  const body = {
    authKey: query.get("authKey"),
    customerKey: query.get("customerKey"),
    ...(planId === undefined ? {} : { planId }),
  };
  return whileProcessing(() =>
    callFunction<Registration>(supabase, "billing-issue", body)
  );
}
