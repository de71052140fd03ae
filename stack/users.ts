import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Stack } from "./stack.ts";

/** A signed-in buyer. */
export interface User {
  id: string;
  accessToken: string;
  /** supabase-js as the buyer's browser has it. */
  client: SupabaseClient;
}

/** What a caller of the API has to know of its stack. */
interface OnStack {
  stack: Pick<Stack, "apiUrl" | "publishableKey" | "secretKey">;
}

let signedUp = 0;

/** supabase-js with the publishable key, as a page has it before anybody signs in. */
export function guestClient({ stack }: OnStack): SupabaseClient {
  return createClient(stack.apiUrl, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** supabase-js with the secret key. */
export function serviceClient({ stack }: OnStack): SupabaseClient {
  return createClient(stack.apiUrl, stack.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** Signs a new buyer up through Supabase Auth. */
export async function signUp(on: OnStack): Promise<User> {
  const client = guestClient(on);
  const { data, error } = await client.auth.signUp({
    email: `buyer-${++signedUp}@example.com`,
    password: "correct horse battery",
  });
  if (error !== null || data.user === null || data.session === null) {
    throw new Error(`sign-up failed: ${error?.message ?? "no session"}`);
  }
  return {
    id: data.user.id,
    accessToken: data.session.access_token,
    client,
  };
}

/** The headers of a buyer: the publishable key, and the token of whoever is signed in. */
export function buyerHeaders(
  { stack }: OnStack,
  accessToken?: string,
): Record<string, string> {
  return {
    apikey: stack.publishableKey,
    ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
  };
}
