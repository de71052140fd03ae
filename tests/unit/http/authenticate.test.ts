import assert from "node:assert/strict";
import { loadConfig } from "../../../supabase/functions/_shared/config/config.ts";
import type { AccessMode } from "../../../supabase/functions/_shared/http/access.ts";
import { AppError } from "../../../supabase/functions/_shared/http/app-error.ts";
import { authenticate } from "../../../supabase/functions/_shared/http/authenticate.ts";

const CRON_SECRET = "cron-secret-for-these-tests";
const PUBLISHABLE = "sb_publishable_0000000000000000000000_00000000";
const SECRET = "sb_secret_0000000000000000000000_00000000";
const LEGACY_ANON = "legacy.anon.token";

function configuration() {
  const loaded = loadConfig({
    SUPABASE_URL: "http://127.0.0.1:54321",
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET }),
    SUPABASE_ANON_KEY: LEGACY_ANON,
    TOSS_SECRET_KEY: "test_sk_0000000000000000000",
    TOSS_CLIENT_KEY: "test_ck_0000000000000000000",
    APP_URL: "http://127.0.0.1:54390",
    CRON_SECRET,
    BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({
      k1: btoa("0123456789abcdef0123456789abcdef"),
    }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

const config = configuration();

async function callerFor(
  modes: AccessMode[],
  headers: Record<string, string>,
): Promise<string> {
  const request = new Request("http://127.0.0.1/x", { headers });
  try {
    const caller = await authenticate(
      request,
      config,
      modes,
      (token) => Promise.resolve(token === "good.user.token" ? "user-1" : null),
    );
    return caller.kind;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const cases: [string, AccessMode[], Record<string, string>, string][] = [
  ["a user's token", ["user", "publishable"], {
    authorization: "Bearer good.user.token",
    apikey: PUBLISHABLE,
  }, "user"],
  ["a wrong token beside a good key", ["user", "publishable"], {
    authorization: "Bearer forged.user.token",
    apikey: PUBLISHABLE,
  }, "unauthorized"],
  ["a guest", ["user", "publishable"], { apikey: PUBLISHABLE }, "publishable"],
  ["supabase-js without a session", ["user", "publishable"], {
    authorization: `Bearer ${PUBLISHABLE}`,
    apikey: PUBLISHABLE,
  }, "publishable"],
  ["supabase-js with the legacy key", ["user", "publishable"], {
    authorization: `Bearer ${LEGACY_ANON}`,
    apikey: LEGACY_ANON,
  }, "publishable"],
  ["a key in Authorization alone", ["user", "publishable"], {
    authorization: `Bearer ${PUBLISHABLE}`,
  }, "unauthorized"],
  ["nobody", ["user", "publishable"], {}, "unauthorized"],
  ["cron", ["cron", "secret"], {
    authorization: `Bearer ${CRON_SECRET}`,
  }, "cron"],
  ["a secret key", ["cron", "secret"], { apikey: SECRET }, "secret"],
  ["a secret key in Authorization", ["cron", "secret"], {
    authorization: `Bearer ${SECRET}`,
  }, "unauthorized"],
  ["a publishable key where a secret one belongs", ["cron", "secret"], {
    apikey: PUBLISHABLE,
  }, "unauthorized"],
  ["a user where cron belongs", ["cron", "secret"], {
    authorization: "Bearer good.user.token",
  }, "unauthorized"],
  ["a cron secret with another ending", ["cron", "secret"], {
    authorization: `Bearer ${CRON_SECRET}x`,
  }, "unauthorized"],
  ["a wrong key beside the right cron secret", ["cron", "secret"], {
    apikey: "nope",
    authorization: `Bearer ${CRON_SECRET}`,
  }, "unauthorized"],
  ["a wrong cron secret beside the right key", ["cron", "secret"], {
    apikey: SECRET,
    authorization: "Bearer another-secret-of-this-length",
  }, "unauthorized"],
  ["an admin client of supabase-js", ["cron", "secret"], {
    apikey: SECRET,
    authorization: `Bearer ${SECRET}`,
  }, "secret"],
  ["a wrong token beside the right secret key", ["secret", "user"], {
    apikey: SECRET,
    authorization: "Bearer forged.user.token",
  }, "unauthorized"],
  ["a wrong key beside a right token", ["user", "publishable"], {
    apikey: "nope",
    authorization: "Bearer good.user.token",
  }, "unauthorized"],
  ["Basic beside a good key", ["user", "publishable"], {
    apikey: PUBLISHABLE,
    authorization: `Basic ${btoa("good:user")}`,
  }, "unauthorized"],
  ["a bearer that is no token beside a good key", ["user", "publishable"], {
    apikey: PUBLISHABLE,
    authorization: "Bearer undefined",
  }, "unauthorized"],
  ["another project's key as bearer", ["user", "publishable"], {
    apikey: PUBLISHABLE,
    authorization: "Bearer sb_publishable_of_another_project",
  }, "unauthorized"],
  ["the cron secret beside a good key", ["user", "publishable"], {
    apikey: PUBLISHABLE,
    authorization: `Bearer ${CRON_SECRET}`,
  }, "unauthorized"],
  ["the secret key as bearer of a guest", ["user", "publishable"], {
    apikey: PUBLISHABLE,
    authorization: `Bearer ${SECRET}`,
  }, "unauthorized"],
  [
    "an open function, wrong key",
    ["anyone"],
    { apikey: "nope" },
    "unauthorized",
  ],
  ["an open function, a bearer that is no token", ["anyone"], {
    authorization: "Bearer nope",
  }, "unauthorized"],
  ["an open function, an expired session", ["anyone"], {
    apikey: PUBLISHABLE,
    authorization: "Bearer expired.user.token",
  }, "anonymous"],
  ["an open function, secret key", ["anyone"], { apikey: SECRET }, "secret"],
  ["no mode at all", [], { apikey: SECRET }, "unauthorized"],
];

for (const [who, modes, headers, expected] of cases) {
  Deno.test(`authenticate() takes ${who} for ${expected}`, async () => {
    assert.equal(await callerFor(modes, headers), expected);
  });
}
