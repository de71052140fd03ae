import assert from "node:assert/strict";
import { FUNCTION_ACCESS } from "../../../supabase/functions/_shared/http/access.ts";
import { platformError } from "../../../stack/functions-proxy.ts";
import {
  answerAt,
  assertHealthy,
  assertOnlyBroken,
  examine,
  faultPoint,
  healthWith,
} from "../../support/doctor.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const fault = faultPoint();
const test = shopTests({ intercept: fault.intercept });

const NOT_DEPLOYED = () =>
  platformError(404, "NOT_FOUND", "Requested function was not found");

/** What the platform says to a caller without a token while verify_jwt is on. Source: Supabase, error codes. */
const NO_TOKEN = () =>
  platformError(
    401,
    "UNAUTHORIZED_NO_AUTH_HEADER",
    "Missing authorization header",
  );

/** Runs doctor while the functions have other variables. */
function examineWith(
  shop: Shop,
  variables: Record<string, string | undefined>,
) {
  return fault.during(healthWith(shop, variables), () => examine(shop));
}

for (const name of Object.keys(FUNCTION_ACCESS)) {
  test(`${name} that is not deployed is named`, async (shop) => {
    const path = `/functions/v1/${name}`;
    const findings = await fault.during(
      answerAt(path, NOT_DEPLOYED),
      () => examine(shop),
    );
    const [finding] = assertOnlyBroken(findings, `function:${name}`);
    assert.match(finding?.detail ?? "", /404 NOT_FOUND/);
    assert.match(finding?.action ?? "", /not deployed/);
  });
}

test("the platform's own 401 is not taken for ours, and leads to verify_jwt", async (shop) => {
  const findings = await fault.during(
    answerAt("/functions/v1/webhook", NO_TOKEN),
    () => examine(shop),
  );

  const [finding] = assertOnlyBroken(findings, "function:webhook");
  assert.match(finding?.action ?? "", /verify_jwt = false .*webhook/);
});

test("a function that does not start is named", async (shop) => {
  const failure = () => platformError(503, "BOOT_ERROR", "Function failed");
  const findings = await fault.during(
    answerAt("/functions/v1/checkout", failure),
    () => examine(shop),
  );

  const [finding] = assertOnlyBroken(findings, "function:checkout");
  assert.match(finding?.detail ?? "", /503 BOOT_ERROR/);
});

test("an answer of ours without our request id is still known as ours", async (shop) => {
  const findings = await fault.during(async (_request, forward) => {
    const answer = await forward();
    const headers = new Headers(answer.headers);
    headers.delete("x-request-id");
    return new Response(answer.body, { status: answer.status, headers });
  }, () => examine(shop));

  assertHealthy(findings);
});

test("something in front of the webhook address is named", async (shop) => {
  const findings = await fault.during(
    answerAt(
      "/functions/v1/webhook",
      () => new Response("<h1>blocked</h1>", { status: 403 }),
      "GET",
    ),
    () => examine(shop),
  );

  assertOnlyBroken(findings, "webhook_address");
});

test("a client key in the secret key's place is named", async (shop) => {
  const [finding] = assertOnlyBroken(
    await examineWith(shop, { TOSS_SECRET_KEY: "test_ck_swapped" }),
    "toss_keys",
  );

  assert.match(finding?.detail ?? "", /TOSS_SECRET_KEY holds a client key/);
});

test("keys of two modes and keys of two families are named", async (shop) => {
  const [modes] = assertOnlyBroken(
    await examineWith(shop, { TOSS_CLIENT_KEY: "live_ck_other" }),
    "toss_keys",
  );
  const [families] = assertOnlyBroken(
    await examineWith(shop, { TOSS_CLIENT_KEY: "test_gck_other" }),
    "toss_keys",
  );

  assert.match(modes?.detail ?? "", /live key.*test key/);
  assert.match(families?.detail ?? "", /widget keys.*api keys/);
});

test("live keys that would talk to a simulator are named", async (shop) => {
  const findings = await examineWith(shop, {
    TOSS_SECRET_KEY: "live_sk_a",
    TOSS_CLIENT_KEY: "live_ck_a",
  });

  const [finding] = assertOnlyBroken(findings, "variables");
  assert.match(finding?.detail ?? "", /TOSS_API_BASE_URL/);
});

test("each required variable that is missing is named by its check", async (shop) => {
  const expected = {
    TOSS_SECRET_KEY: "toss_keys",
    TOSS_CLIENT_KEY: "toss_keys",
    BILLING_KEY_ENCRYPTION_KEYS: "encryption_keys",
    CRON_SECRET: "cron_secret",
    APP_URL: "variables",
  };
  for (const [variable, check] of Object.entries(expected)) {
    const [finding] = assertOnlyBroken(
      await examineWith(shop, { [variable]: undefined }),
      check,
    );
    assert.match(finding?.detail ?? "", new RegExp(`${variable} is not set`));
    assert.match(finding?.action ?? "", new RegExp(variable));
  }
});

test("several wrong variables are each named", async (shop) => {
  const findings = await examineWith(shop, {
    CRON_SECRET: "short",
    APP_URL: "shop.example",
    TOSS_TIMEOUT_MS: "soon",
  });

  assertOnlyBroken(findings, "variables", "cron_secret");
});

test("a secret that protects nothing is named by its check", async (shop) => {
  const zeros = JSON.stringify({ k1: btoa("\0".repeat(32)) });
  const weak: [string, string, string, RegExp][] = [
    ["CRON_SECRET", "0".repeat(40), "cron_secret", /repeats one character/],
    ["WEBHOOK_URL_TOKEN", "letmein", "variables", /16 characters/],
    ["TOSS_SECURITY_KEY", "0".repeat(64), "variables", /repeats one character/],
    ["BILLING_KEY_ENCRYPTION_KEYS", zeros, "encryption_keys", /one byte/],
    [
      "WEBHOOK_URL_TOKEN",
      shop.stack.projectVariables.CRON_SECRET ?? "",
      "variables",
      /same text as CRON_SECRET/,
    ],
  ];
  for (const [variable, value, check, problem] of weak) {
    const [finding] = assertOnlyBroken(
      await examineWith(shop, { [variable]: value }),
      check,
    );
    assert.match(finding?.detail ?? "", problem);
    assert.match(finding?.detail ?? "", new RegExp(variable));
    assert.equal(finding?.detail.includes(value), false);
  }
});

test("an encryption key of the wrong size is named", async (shop) => {
  const [finding] = assertOnlyBroken(
    await examineWith(shop, {
      BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({ k1: btoa("short") }),
    }),
    "encryption_keys",
  );

  assert.match(finding?.detail ?? "", /AES-256/);
});

test("a secret key that only the Data API knows is named", async (shop) => {
  const keys = JSON.stringify({ a: "sb_secret_newer" });
  const findings = await examineWith(shop, { SUPABASE_SECRET_KEYS: keys });

  const [finding] = assertOnlyBroken(findings, "secret_key");
  assert.match(finding?.detail ?? "", /the functions do not/);
});

test("the given variables are checked as well", async (shop) => {
  const { projectVariables } = shop.stack;
  const examineGiven = (changes: Record<string, string>) =>
    examine(shop, { variables: { ...projectVariables, ...changes } });

  assertHealthy(await examineGiven({}));
  const [pair] = assertOnlyBroken(
    await examineGiven({ TOSS_CLIENT_KEY: "live_ck_other" }),
    "toss_keys",
  );
  assert.match(pair?.detail ?? "", /^in the given file TOSS_CLIENT_KEY/);
  assertOnlyBroken(await examineGiven({ APP_URL: "" }), "variables");
  assertOnlyBroken(
    await examineGiven({ BILLING_KEY_ENCRYPTION_KEYS: "{}" }),
    "encryption_keys",
  );
  assertOnlyBroken(
    await examineGiven({ CRON_SECRET: "another-cron-secret" }),
    "cron_secret",
  );
});

test("a given secret key that Toss does not know is named", async (shop) => {
  const [finding] = assertOnlyBroken(
    await examine(shop, {
      variables: {
        ...shop.stack.projectVariables,
        TOSS_SECRET_KEY: "test_sk_of_nobody",
      },
    }),
    "toss_keys",
  );

  assert.match(finding?.detail ?? "", /Toss .*401 UNAUTHORIZED_KEY/);
});
