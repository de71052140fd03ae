import { createBrowserClient } from "@supabase/ssr";
import { createTossPayments } from "supabase-tosspayments-client";
import { sdkUrl, SUPABASE } from "./settings";

/** The client in the browser; the session is in the cookies that the server reads. */
export const tossPayments = createTossPayments(
  createBrowserClient(SUPABASE.url, SUPABASE.publishableKey),
  { sdkUrl },
);
