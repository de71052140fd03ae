import type { SupabaseClient } from "@supabase/supabase-js";
import { loadToss } from "./checkout.ts";
import { callFunction, whileProcessing } from "./functions.ts";

interface RegistrationWindow {
  method: "CARD" | "TRANSFER";
  customerKey: string;
  clientKey: string;
  successUrl: string; // GET billing-issue with a signed state, for 30 minutes
  failUrl: string;
}

export interface RegistrationOptions {
  planId?: string | undefined;
  method?: "CARD" | "TRANSFER" | undefined; // TRANSFER: a bank account
  successUrl?: string | undefined; // a page of your own, else GET billing-issue
  sdkUrl?: string | undefined; // the simulator's script; Toss's own without it
}

/** Opens the window that registers a card or an account; with a plan it also subscribes. */
export async function openRegistrationWindow(
  supabase: SupabaseClient,
  { planId, method, successUrl, sdkUrl }: RegistrationOptions = {},
): Promise<void> {
  const prepared = await callFunction<RegistrationWindow>(
    supabase,
    "billing-issue/prepare",
    {
      ...(planId === undefined ? {} : { planId }),
      ...(method === undefined ? {} : { method }),
    },
  );
  const toss = await loadToss(prepared.clientKey, sdkUrl);
  const { customerKey, failUrl } = prepared;
  await toss.payment({ customerKey }).requestBillingAuth({
    method: prepared.method,
    successUrl: successUrl ?? prepared.successUrl,
    failUrl,
  });
}

export interface Registration {
  status?: "processing";
  billingMethodId: string;
  method?: "CARD" | "TRANSFER";
  card?: { issuerCode: string; number: string; cardType: string };
  account?: { bankName: string; number: string };
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

/** A plan with a card that is registered, as after a declined first charge. */
export function subscribeWithCard(
  supabase: SupabaseClient,
  planId: string,
  billingMethodId: string,
): Promise<Registration> {
  const body = { action: "subscribe", planId, billingMethodId };
  return whileProcessing(() =>
    callFunction<Registration>(supabase, "subscription", body)
  );
}

/** A card that is removed is never charged again. */
export async function removeCard(
  supabase: SupabaseClient,
  billingMethodId: string,
): Promise<void> {
  await callFunction(supabase, "billing-issue", { billingMethodId }, "DELETE");
}
