import assert from "node:assert/strict";
import { FUNCTION_ACCESS } from "../../supabase/functions/_shared/http/access.ts";
import { ONE_STICKER } from "../support/buy.ts";
import { callFunction } from "../support/call-function.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../stack/users.ts";

const test = shopTests();

const ROUTES: Record<keyof typeof FUNCTION_ACCESS, [string, string][]> = {
  "billing-charge": [["POST", ""]],
  "billing-issue": [
    ["POST", ""],
    ["POST", "/prepare"],
    ["DELETE", ""],
    ["GET", "?authKey=a&customerKey=c&state=s"],
  ],
  "cash-receipt": [["POST", ""], ["DELETE", ""]],
  cancel: [["POST", ""]],
  checkout: [["POST", ""]],
  confirm: [["POST", ""], ["GET", "?paymentKey=p&orderId=order_1&amount=1"]],
  health: [["GET", ""]],
  operator: [["POST", ""]],
  subscription: [["POST", ""]],
  "virtual-account": [["POST", ""]],
  webhook: [["POST", ""]],
  "webhook-endpoints": [["POST", ""]],
  withdrawal: [["POST", ""]],
  worker: [["POST", ""]],
};

/** A wrong credential beside every right one that is weaker or as strong. */
function wrongBesideRight({ stack }: Shop, token: string) {
  const { publishableKey, secretKey, cronSecret } = stack;
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
  return [
    { apikey: "wrong" },
    { apikey: `${secretKey}x`, ...bearer(cronSecret) },
    { apikey: `${secretKey}x`, ...bearer(token) },
    { apikey: publishableKey, ...bearer("wrong") },
    { apikey: publishableKey, ...bearer(secretKey) },
    { apikey: publishableKey, ...bearer(`${publishableKey}x`) },
    { apikey: publishableKey, authorization: `Basic ${btoa("a:b")}` },
    { apikey: secretKey, ...bearer(`${cronSecret}x`) },
  ];
}

test("a wrong credential beside a right one is refused by every route of every function", async (shop) => {
  const { accessToken } = await signUp(shop);
  let asked = 0;
  for (const [name, routes] of Object.entries(ROUTES)) {
    for (const [method, path] of routes) {
      for (const headers of wrongBesideRight(shop, accessToken)) {
        const { status, body } = await callFunction(shop, name, {
          method,
          path,
          headers,
          ...(method === "GET" ? {} : { body: {} }),
        });
        const shown = `${method} ${name}${path} ${Object.keys(headers)}`;
        assert.deepEqual([status, body.code], [401, "unauthorized"], shown);
        asked += 1;
      }
    }
  }
  assert.equal(asked, 19 * 8);
  const [{ stored = -1 } = {}] = await shop.stack.sql<{ stored: number }[]>`
    select count(*)::int as stored from public.webhook_events`;
  assert.equal(stored, 0);
});

const encode = (text: string) =>
  btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

test("a crafted token is 401, whatever its parts are", async (shop) => {
  const claims = JSON.stringify({
    sub: crypto.randomUUID(),
    role: "authenticated",
    exp: 9_999_999_999,
  });
  const heads = [
    "null",
    "[]",
    "5",
    "{",
    "",
    '{"alg":5}',
    '{"alg":"none"}',
    '{"alg":"RS256","kid":"x"}',
    '{"alg":"ES256","kid":"../../etc"}',
    '{"alg":"XX256","kid":"x"}',
    '{"alg":"HS256","kid":5}',
    "\xff\xfe",
  ];
  const payloads = ["null", "[]", "{", "5", '{"exp":"x"}', claims];
  let tried = 0;
  for (const head of heads) {
    for (const payload of payloads) {
      const token = `${encode(head)}.${encode(payload)}.${encode("signature")}`;
      const { status, body } = await callFunction(shop, "checkout", {
        body: ONE_STICKER,
        headers: buyerHeaders(shop, token),
      });
      assert.deepEqual(
        [status, body.code],
        [401, "unauthorized"],
        `${head} . ${payload}`,
      );
      tried += 1;
    }
  }
  assert.equal(tried, 72);
});
