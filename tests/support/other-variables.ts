import { change } from "../../supabase/functions/subscription/handler.ts";
import { charge } from "../../supabase/functions/billing-charge/handler.ts";
import * as billingIssue from "../../supabase/functions/billing-issue/handler.ts";
import { cancel } from "../../supabase/functions/cancel/handler.ts";
import { checkout } from "../../supabase/functions/checkout/handler.ts";
import * as confirm from "../../supabase/functions/confirm/handler.ts";
import { health } from "../../supabase/functions/health/handler.ts";
import { virtualAccount } from "../../supabase/functions/virtual-account/handler.ts";
import { receiveWebhook } from "../../supabase/functions/webhook/handler.ts";
import { work } from "../../supabase/functions/worker/handler.ts";
import type { FunctionName } from "../../supabase/functions/_shared/http/access.ts";
import {
  createFunction,
  type Routes,
} from "../../supabase/functions/_shared/http/create-function.ts";
import type { Shop } from "./shop.ts";

const ROUTES: Readonly<Partial<Record<FunctionName, Routes>>> = {
  "billing-charge": { "POST /": charge },
  "billing-issue": {
    "POST /": billingIssue.issueByJson,
    "DELETE /": billingIssue.deleteMethod,
    "POST /prepare": billingIssue.prepare,
  },
  cancel: { "POST /": cancel },
  checkout: { "POST /": checkout },
  confirm: { "POST /": confirm.confirmByJson },
  health: { "GET /": health },
  subscription: { "POST /": change },
  "virtual-account": { "POST /": virtualAccount },
  webhook: { "POST /": receiveWebhook },
  worker: { "POST /": work },
};

/**
 * The shop's functions under other variables, on the same database and Toss: what an operator changes while orders and
 * cards live.
 *
 * They run in the test's own process, so that a file needs one stack for all of its configurations.
 *
 * @param changes an empty text takes a variable away
 * @param act gets a shop whose `functionsUrl` leads to them
 */
export async function underVariables<Result>(
  shop: Shop,
  changes: Record<string, string>,
  act: (shop: Shop) => Promise<Result>,
): Promise<Result> {
  const { stack } = shop;
  const environment = () => ({
    ...stack.projectVariables,
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ a: stack.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ a: stack.secretKey }),
    ...changes,
  });
  const functions = new Map(
    Object.entries(ROUTES).map(([name, routes]) => [
      name,
      // The keys of ROUTES are names of functions.
      createFunction(name as FunctionName, routes, { environment }),
    ]),
  );
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const [, name = ""] = new URL(request.url).pathname.split("/");
      return await functions.get(name)?.fetch(request) ??
        new Response(null, { status: 404 });
    },
  );
  return await act({
    ...shop,
    stack: Object.create(stack, {
      functionsUrl: { value: `http://127.0.0.1:${server.addr.port}` },
    }),
  });
}
