import assert from "node:assert/strict";
import { loadConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { AppError } from "../../../supabase/functions/_shared/http/app-error.ts";
import { refuseAsOfWithLiveKeys } from "../../../supabase/functions/_shared/http/refuse-as-of.ts";

function configWith(mode: "test" | "live") {
  const loaded = loadConfig({
    SUPABASE_URL: "https://project.example",
    SUPABASE_PUBLISHABLE_KEYS: '{"a":"sb_publishable_a"}',
    SUPABASE_SECRET_KEYS: '{"a":"sb_secret_a"}',
    TOSS_SECRET_KEY: `${mode}_sk_000000`,
    TOSS_CLIENT_KEY: `${mode}_ck_000000`,
    APP_URL: "https://shop.example",
    BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({
      k: btoa("0123456789abcdef0123456789abcdef"),
    }),
    CRON_SECRET: "a cron secret of a shop",
  });
  assert.ok(loaded.ok);
  return loaded.config;
}

const asOf = "2027-01-01T00:00:00+09:00";

Deno.test("another time than now is taken with test keys", () => {
  refuseAsOfWithLiveKeys({ asOf }, configWith("test"));
});

Deno.test("with live keys now is the only time", () => {
  refuseAsOfWithLiveKeys({}, configWith("live"));
  assert.throws(
    () => refuseAsOfWithLiveKeys({ asOf }, configWith("live")),
    (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "invalid_request");
      assert.deepEqual(error.options.details, [
        { field: "asOf", problem: "only with test keys" },
      ]);
      return true;
    },
  );
});
