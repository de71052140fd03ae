import assert from "node:assert/strict";
import { loadConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { appUrl } from "../../../supabase/functions/_shared/http/urls.ts";

function configWith(appAddress: string) {
  const loaded = loadConfig({
    SUPABASE_URL: "http://127.0.0.1:54321",
    SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_a"}',
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret_a"}',
    TOSS_SECRET_KEY: "test_sk_a",
    TOSS_CLIENT_KEY: "test_ck_a",
    APP_URL: appAddress,
    BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({
      one: btoa("0123456789abcdef0123456789abcdef"),
    }),
    CRON_SECRET: "0123456789abcdef",
  });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

for (
  const [address, page] of [
    ["https://shop.example", "https://shop.example/done?orderId=a+b"],
    ["https://shop.example/", "https://shop.example/done?orderId=a+b"],
    ["https://shop.example/ko", "https://shop.example/ko/done?orderId=a+b"],
    ["https://x.example/a/b/", "https://x.example/a/b/done?orderId=a+b"],
  ] as const
) {
  Deno.test(`the success page under APP_URL=${address} is ${page}`, () => {
    const url = appUrl(configWith(address), "/done", {
      orderId: "a b",
      code: undefined,
    });
    assert.equal(url, page);
  });
}

Deno.test("a query that the configured path brings stays", () => {
  const url = appUrl(configWith("https://x.example/ko"), "/done?from=toss", {
    status: "confirmed",
  });
  assert.equal(url, "https://x.example/ko/done?from=toss&status=confirmed");
});
