import assert from "node:assert/strict";
import { ONE_STICKER } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";

const SHOP_PAGE = "https://shop.example";
const test = shopTests({ environment: { CORS_ALLOWED_ORIGINS: SHOP_PAGE } });

/** A token of the right shape whose signature is somebody else's. */
function forgedToken(claims: Record<string, unknown>): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replace(/=+$/, "");
  const signature = part("not the project's signature");
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.${signature}`;
}

async function checkoutStatus(shop: Shop, headers: Record<string, string>) {
  const answer = await callFunction(shop, "checkout", {
    body: ONE_STICKER,
    headers,
  });
  return [answer.status, answer.body.code];
}

test("checkout refuses a caller without a key or with a wrong one", async (shop) => {
  const { publishableKey, secretKey, cronSecret } = shop.stack;
  const refused = [401, "unauthorized"];
  const wrong: Record<string, string>[] = [
    {},
    { apikey: "" },
    { apikey: "sb_publishable_of_another_project" },
    { apikey: publishableKey.slice(0, -1) },
    { apikey: `${publishableKey}x` },
    { authorization: `Bearer ${publishableKey}` },
    { authorization: `Bearer ${secretKey}` },
    { authorization: `Bearer ${cronSecret}` },
  ];
  for (const headers of wrong) {
    const shown = Object.keys(headers).join();
    assert.deepEqual(await checkoutStatus(shop, headers), refused, shown);
  }
});

test("checkout asks a shop's server for lines and prices, never for a page's items", async (shop) => {
  const headers = { apikey: shop.stack.secretKey };
  assert.deepEqual(await checkoutStatus(shop, headers), [
    400,
    "invalid_request",
  ]);
});

test("checkout does not take a caller with an invalid token for a guest", async (shop) => {
  const hour = 3600;
  const now = Math.floor(Date.now() / 1000);
  const user = await signUp(shop);
  const [head, claims, signature] = user.accessToken.split(".");
  const tokens = [
    "garbage",
    "a.b.c",
    forgedToken({ sub: user.id, role: "authenticated", exp: now + hour }),
    forgedToken({ sub: user.id, role: "service_role", exp: now + hour }),
    `${head}.${claims}.`,
    `${head}.${claims}.${signature}x`,
    `${btoa('{"alg":"none"}').replace(/=+$/, "")}.${claims}.`,
  ];
  for (const token of tokens) {
    const headers = buyerHeaders(shop, token);
    const outcome = await checkoutStatus(shop, headers);
    assert.deepEqual(outcome, [401, "unauthorized"], token);
  }
  assert.deepEqual(
    await checkoutStatus(shop, buyerHeaders(shop, user.accessToken)),
    [201, undefined],
  );
});

test("health tells anyone that it runs, and the secret key alone what waits", async (shop) => {
  const { secretKey, publishableKey } = shop.stack;
  const health = (headers: Record<string, string> = {}) =>
    callFunction(shop, "health", { method: "GET", headers });

  for (const headers of [{}, { apikey: publishableKey }]) {
    const { status, body } = await health(headers);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ["status", "version"]);
    assert.equal(body.status, "ok");
  }
  // A mistyped secret key must not read as "all is well".
  assert.equal((await health({ apikey: "wrong" })).status, 401);
  const { body } = await health({ apikey: secretKey });
  assert.equal(body.invariantViolations, 0);
});

const MACHINES_ONLY: [name: string, body: unknown][] = [
  ["worker", { job: "expiry" }],
  ["billing-charge", { dryRun: true }],
];
for (const [name, body] of MACHINES_ONLY) {
  test(`${name} is open to cron and the secret key alone`, async (shop) => {
    const { publishableKey, secretKey, cronSecret } = shop.stack;
    const user = await signUp(shop);
    const call = (headers: Record<string, string>) =>
      callFunction(shop, name, { body, headers });

    const closed: Record<string, string>[] = [
      {},
      { apikey: publishableKey },
      buyerHeaders(shop, user.accessToken),
      { authorization: `Bearer ${cronSecret}x` },
      { authorization: `Bearer ${secretKey}` },
      { apikey: cronSecret },
    ];
    for (const headers of closed) {
      assert.equal((await call(headers)).status, 401);
    }
    const open: Record<string, string>[] = [
      { apikey: secretKey },
      { authorization: `Bearer ${cronSecret}` },
    ];
    for (const headers of open) {
      assert.equal((await call(headers)).status, 200);
    }
  });
}

test("subscription and billing-issue know nobody but a signed-in user, and say so before anything else", async (shop) => {
  const { publishableKey, cronSecret } = shop.stack;
  const user = await signUp(shop);
  const calls: [string, string, string][] = [
    ["subscription", "POST", ""],
    ["billing-issue", "POST", ""],
    ["billing-issue", "POST", "/prepare"],
    ["billing-issue", "DELETE", ""],
  ];
  const closed: Record<string, string>[] = [
    {},
    { apikey: publishableKey },
    { authorization: `Bearer ${cronSecret}` },
    buyerHeaders(shop, `${user.accessToken}x`),
    buyerHeaders(
      shop,
      forgedToken({ sub: user.id, role: "authenticated", exp: 9_999_999_999 }),
    ),
  ];
  for (const [name, method, path] of calls) {
    for (const headers of closed) {
      const { status, body } = await callFunction(shop, name, {
        method,
        path,
        headers,
        body: { whatever: 1 },
      });
      assert.deepEqual([status, body.code], [401, "unauthorized"], name + path);
    }
    const { status } = await callFunction(shop, name, {
      method,
      path,
      headers: buyerHeaders(shop, user.accessToken),
      body: { whatever: 1 },
    });
    assert.equal(status, 400, name + path);
  }
});

test("every function answers a method it does not have with 405 and Allow", async (shop) => {
  const wrong: [string, string, string][] = [
    ["checkout", "GET", "POST"],
    ["cancel", "DELETE", "POST"],
    ["virtual-account", "GET", "POST"],
    ["webhook", "PUT", "POST, GET, HEAD"],
    ["health", "POST", "GET"],
    ["worker", "GET", "POST"],
    ["billing-charge", "GET", "POST"],
    ["billing-issue", "PUT", "POST, GET, DELETE"],
    ["subscription", "GET", "POST"],
  ];
  for (const [name, method, allowed] of wrong) {
    const { status, body, headers } = await callFunction(shop, name, {
      method,
    });
    assert.equal(status, 405, name);
    assert.equal(body.code, "method_not_allowed", name);
    assert.equal(headers.get("allow"), allowed, name);
  }
});

test("a path below a function that does not exist is 404", async (shop) => {
  const { status, body } = await callFunction(shop, "confirm", {
    path: "/somewhere",
    body: {},
  });

  assert.equal(status, 404);
  assert.equal(body.code, "not_found");
});

test("a preflight lets the shop's page in and no other", async (shop) => {
  const preflight = (name: string, origin: string) =>
    callFunction(shop, name, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });

  for (
    const name of [
      "checkout",
      "confirm",
      "cancel",
      "virtual-account",
      "billing-issue",
      "subscription",
    ]
  ) {
    const { status, headers } = await preflight(name, SHOP_PAGE);
    assert.equal(status, 204);
    assert.equal(headers.get("access-control-allow-origin"), SHOP_PAGE);
    const allowed = headers.get("access-control-allow-headers") ?? "";
    for (
      const header of [
        "apikey",
        "authorization",
        "content-type",
        "x-client-info",
      ]
    ) {
      assert.ok(allowed.includes(header), header);
    }
    const other = await preflight(name, "https://evil.example");
    assert.equal(other.headers.get("access-control-allow-origin"), null);
  }
  for (const name of ["webhook", "worker", "billing-charge"]) {
    const { headers } = await preflight(name, SHOP_PAGE);
    assert.equal(headers.get("access-control-allow-origin"), null, name);
  }
});

test("a preflight allows the headers that it asks for, whatever a later supabase-js sends", async (shop) => {
  const asked = "apikey,authorization,x-header-of-next-year";
  const { status, headers } = await callFunction(shop, "checkout", {
    method: "OPTIONS",
    headers: {
      origin: SHOP_PAGE,
      "access-control-request-method": "POST",
      "access-control-request-headers": asked,
    },
  });

  assert.equal(status, 204);
  assert.equal(headers.get("access-control-allow-headers"), asked);
  assert.match(headers.get("vary") ?? "", /access-control-request-headers/);
});

test("an error answer can be read by the shop's page", async (shop) => {
  const { status, headers } = await callFunction(shop, "confirm", {
    body: {},
    headers: { origin: SHOP_PAGE },
  });

  assert.equal(status, 400);
  assert.equal(headers.get("access-control-allow-origin"), SHOP_PAGE);
});
