import { createFunction } from "../../supabase/functions/_shared/http/create-function.ts";
import { receiveWebhook } from "../../supabase/functions/webhook/handler.ts";
import type { Answer } from "./call-function.ts";
import type { Shop } from "./shop.ts";

/** A delivery to the function itself, without the platform in front of it. */
export interface DirectDelivery {
  body: string | Uint8Array;
  headers?: Record<string, string>;
  /** @default none */
  query?: string;
}

/**
 * The webhook function under another configuration, on the shop's database and Toss.
 *
 * It runs in the test's own process, so that many configurations need one stack.
 */
export function configuredWebhook(
  { stack }: Shop,
  variables: Record<string, string>,
): (delivery: DirectDelivery) => Promise<Answer> {
  const environment = {
    ...stack.projectVariables,
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ a: stack.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ a: stack.secretKey }),
    ...variables,
  };
  const webhook = createFunction("webhook", {
    "POST /": receiveWebhook,
  }, { environment: () => environment });
  return async ({ body, headers = {}, query = "" }) => {
    const response = await webhook.fetch(
      new Request(`http://127.0.0.1/webhook${query}`, {
        method: "POST",
        headers,
        body: typeof body === "string" ? body : Uint8Array.from(body),
      }),
    );
    const answer: unknown = await response.json();
    return {
      status: response.status,
      headers: response.headers,
      body: { ...Object(answer) },
    };
  };
}
