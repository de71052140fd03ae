import { createServerClient } from "@supabase/ssr";
import type { SupabaseClient } from "@supabase/supabase-js";
import { cookies, headers } from "next/headers";
import {
  createTossPayments,
  type Database,
  type TossPayments,
} from "supabase-tosspayments-client";
import { SUPABASE } from "./settings";

/** supabase-js as the visitor of this request. */
export async function createSupabase(): Promise<SupabaseClient<Database>> {
  const store = await cookies();
  return createServerClient<Database>(SUPABASE.url, SUPABASE.publishableKey, {
    cookies: {
      getAll: () => store.getAll(),
      setAll(changed) {
        try {
          for (const { name, value, options } of changed) {
            store.set(name, value, options);
          }
        } catch {
          // A page may not set cookies; the proxy has refreshed the session.
        }
      },
    },
  });
}

/** The client as the visitor of this request, in the visitor's language. */
export async function createPayments(): Promise<TossPayments> {
  const language = (await headers()).get("accept-language") ?? "";
  return createTossPayments(await createSupabase(), {
    language: /^en\b/i.test(language) ? "en" : "ko",
  });
}
