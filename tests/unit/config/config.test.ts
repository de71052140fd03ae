import assert from "node:assert/strict";
import { loadConfig } from "../../../supabase/functions/_shared/config/config.ts";
import { ENVIRONMENT } from "../../../supabase/functions/_shared/config/environment.ts";

const KEYRING = JSON.stringify({
  one: btoa("0123456789abcdef0123456789abcdef"),
});

function environment(changes: Record<string, string | undefined> = {}) {
  return {
    SUPABASE_URL: "http://127.0.0.1:54321",
    SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_a"}',
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret_a","cron":"sb_secret_b"}',
    TOSS_SECRET_KEY: "test_sk_a",
    TOSS_CLIENT_KEY: "test_ck_a",
    APP_URL: "https://shop.example/app/",
    BILLING_KEY_ENCRYPTION_KEYS: KEYRING,
    CRON_SECRET: "0123456789abcdef",
    ...changes,
  };
}

function configOf(changes: Record<string, string | undefined> = {}) {
  const loaded = loadConfig(environment(changes));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

Deno.test("loadConfig() fills in the documented defaults", () => {
  assert.deepEqual(configOf(), {
    supabase: {
      url: "http://127.0.0.1:54321",
      publishableKeys: ["sb_publishable_a"],
      secretKeys: ["sb_secret_a", "sb_secret_b"],
    },
    toss: {
      pairs: {
        main: { secretKey: "test_sk_a", clientKey: "test_ck_a" },
        widget: null,
        billing: null,
      },
      checkoutUi: null,
      apiBaseUrl: "https://api.tosspayments.com",
      timeoutMs: 60_000,
      mode: "test",
    },
    app: {
      url: "https://shop.example/app",
      successPath: "/payment/success",
      failPath: "/payment/fail",
      consentPath: "/consent",
    },
    encryptionKeys: KEYRING,
    cronSecret: "0123456789abcdef",
    webhook: {
      schemes: [{ scheme: "toss-v1", keys: [] }],
      requireSignature: false,
      hasSecurityKey: false,
      urlToken: undefined,
      allowedIps: [],
      clientIpHeader: "cf-connecting-ip",
    },
    outgoing: { allowPrivate: false },
    cors: { allowedOrigins: ["https://shop.example"] },
    dunning: { scheduleDays: [1, 3, 5, 7], finalAction: "cancel" },
    depositHours: { user: 72, guest: 24 },
    selfIssueDays: null,
    retention: { webhookBodyDays: 90, personalDataYears: 5 },
    adHocCharges: false,
    notices: {
      email: null,
      message: null,
      shop: { name: "shop.example", url: "https://shop.example/app" },
    },
  });
});

Deno.test("loadConfig() reads every optional variable", () => {
  const config = configOf({
    TOSS_SECRET_KEY: "live_gsk_a",
    TOSS_CLIENT_KEY: "live_gck_a",
    TOSS_SECURITY_KEY: "5ec0".repeat(16),
    TOSS_WEBHOOK_SECRET: "new-secret-of-a-relay, old-secret-of-a-relay",
    TOSS_TIMEOUT_MS: "1500",
    APP_SUCCESS_PATH: "/ok",
    APP_FAIL_PATH: "/no",
    APP_CONSENT_PATH: "/agree",
    WEBHOOK_SIGNATURE_SCHEMES: "toss-v1, sha512-hex-body",
    WEBHOOK_REQUIRE_SIGNATURE: "on",
    WEBHOOK_URL_TOKEN: "token-in-the-address",
    WEBHOOK_ALLOWED_IPS: "13.124.18.147, 2001:db8::1",
    WEBHOOK_CLIENT_IP_HEADER: "x-forwarded-for",
    CORS_ALLOWED_ORIGINS: "https://a.example/, http://localhost:5173",
    DUNNING_SCHEDULE_DAYS: "2,4",
    DUNNING_FINAL_ACTION: "keep_past_due",
    AD_HOC_CHARGES: "on",
    CHECKOUT_UI: "window",
    VIRTUAL_ACCOUNT_MAX_HOURS: "12",
    CASH_RECEIPT_SELF_ISSUE_DAYS: "3",
    RETAIN_WEBHOOK_BODIES_DAYS: "30",
    RETAIN_PERSONAL_DATA_YEARS: "3",
    SUPABASE_ANON_KEY: "anon",
    SUPABASE_SERVICE_ROLE_KEY: "service",
  });
  assert.equal(config.toss.mode, "live");
  assert.equal(config.toss.checkoutUi, "window");
  assert.equal(config.toss.timeoutMs, 1500);
  assert.deepEqual(config.webhook, {
    schemes: [
      { scheme: "toss-v1", keys: ["5ec0".repeat(16)] },
      {
        scheme: "sha512-hex-body",
        keys: ["new-secret-of-a-relay", "old-secret-of-a-relay"],
      },
    ],
    requireSignature: true,
    hasSecurityKey: true,
    urlToken: "token-in-the-address",
    allowedIps: ["13.124.18.147", "2001:db8::1"],
    clientIpHeader: "x-forwarded-for",
  });
  assert.deepEqual(config.cors.allowedOrigins, [
    "https://a.example",
    "http://localhost:5173",
  ]);
  assert.deepEqual(config.dunning, {
    scheduleDays: [2, 4],
    finalAction: "keep_past_due",
  });
  assert.equal(config.adHocCharges, true);
  assert.equal(config.selfIssueDays, 3);
  assert.deepEqual(config.retention, {
    webhookBodyDays: 30,
    personalDataYears: 3,
  });
  assert.deepEqual(config.depositHours, { user: 12, guest: 12 });
  assert.deepEqual(config.supabase.publishableKeys, [
    "sb_publishable_a",
    "anon",
  ]);
  assert.deepEqual(config.supabase.secretKeys, [
    "sb_secret_a",
    "sb_secret_b",
    "service",
  ]);
});

/** A sound value of every variable, none of them its default. */
const EVERY_VARIABLE = environment({
  SUPABASE_ANON_KEY: "anon",
  SUPABASE_SERVICE_ROLE_KEY: "service",
  TOSS_WIDGET_SECRET_KEY: "test_gsk_a",
  TOSS_WIDGET_CLIENT_KEY: "test_gck_a",
  TOSS_BILLING_SECRET_KEY: "test_sk_b",
  TOSS_BILLING_CLIENT_KEY: "test_ck_b",
  TOSS_SECURITY_KEY: "5ec0".repeat(16),
  TOSS_WEBHOOK_SECRET: "new-secret-of-a-relay, old-secret-of-a-relay",
  TOSS_API_BASE_URL: "http://127.0.0.1:54380",
  TOSS_TIMEOUT_MS: "1500",
  APP_SUCCESS_PATH: "/ok",
  APP_FAIL_PATH: "/no",
  APP_CONSENT_PATH: "/agree",
  WEBHOOK_SIGNATURE_SCHEMES: "sha512-hex-body",
  WEBHOOK_REQUIRE_SIGNATURE: "on",
  WEBHOOK_URL_TOKEN: "token-in-the-address",
  WEBHOOK_ALLOWED_IPS: "13.124.18.147",
  WEBHOOK_CLIENT_IP_HEADER: "x-real-ip",
  WEBHOOK_ALLOW_PRIVATE: "on",
  CORS_ALLOWED_ORIGINS: "*",
  DUNNING_SCHEDULE_DAYS: "2,4",
  DUNNING_FINAL_ACTION: "keep_past_due",
  AD_HOC_CHARGES: "on",
  CHECKOUT_UI: "window",
  VIRTUAL_ACCOUNT_MAX_HOURS: "48",
  CASH_RECEIPT_SELF_ISSUE_DAYS: "5",
  RETAIN_WEBHOOK_BODIES_DAYS: "60",
  RETAIN_PERSONAL_DATA_YEARS: "7",
  NOTIFY_EMAIL: "resend",
  RESEND_API_KEY: "re_key_of_a_shop_1",
  RESEND_API_BASE_URL: "http://127.0.0.1:54381",
  EMAIL_FROM: "상점 <notice@shop.example>",
  NOTIFY_MESSAGE: "solapi",
  SOLAPI_API_KEY: "NCSAYU7YDBXYORXC",
  SOLAPI_API_SECRET: "secret-of-a-shop-1",
  SOLAPI_API_BASE_URL: "http://127.0.0.1:54382",
  SOLAPI_SENDER: "02-123-4567",
  SOLAPI_PF_ID: "KA01PF00000000000000000000000000",
  SOLAPI_TEMPLATES: '{"receipt":"KA01TP00000000000000000000000000"}',
});

Deno.test("every variable has a value in the test of white space", () => {
  const names = Object.keys(ENVIRONMENT.shape)
    .filter((name) => !Object.hasOwn(EVERY_VARIABLE, name));
  assert.deepEqual(names, []);
});

for (const [name, value] of Object.entries(EVERY_VARIABLE)) {
  Deno.test(`loadConfig() takes ${name} without the white space around it`, () => {
    const plain = loadConfig(EVERY_VARIABLE);
    assert.ok(plain.ok, JSON.stringify(plain));
    for (
      const [before, after] of [[" ", "\r\n"], ["\t", " "], [
        "\ufeff",
        "\u00a0",
      ]]
    ) {
      const padded = loadConfig({
        ...EVERY_VARIABLE,
        [name]: `${before}${value}${after}`,
      });
      assert.deepEqual(padded, plain);
    }
  });
}

Deno.test("loadConfig() takes a variable of white space alone for an unset one", () => {
  assert.equal(configOf({ TOSS_TIMEOUT_MS: " \n" }).toss.timeoutMs, 60_000);
  const loaded = loadConfig(environment({ CRON_SECRET: "  " }));
  assert.deepEqual(!loaded.ok && loaded.problems, [
    { variable: "CRON_SECRET", problem: "is not set" },
  ]);
});

Deno.test("loadConfig() reports mixed keys and every other problem at once", () => {
  const loaded = loadConfig(environment({
    TOSS_SECRET_KEY: "live_sk_a",
    TOSS_CLIENT_KEY: "test_gck_a",
    TOSS_API_BASE_URL: "http://127.0.0.1:54380",
    TOSS_TIMEOUT_MS: "soon",
    CRON_SECRET: undefined,
    SUPABASE_SECRET_KEYS: "{}",
    WEBHOOK_REQUIRE_SIGNATURE: "on",
  }));
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.problems.map(({ variable }) => variable).sort(), [
    "CRON_SECRET",
    "SUPABASE_SECRET_KEYS",
    "TOSS_API_BASE_URL",
    "TOSS_CLIENT_KEY",
    "TOSS_CLIENT_KEY",
    "TOSS_SECURITY_KEY",
    "TOSS_TIMEOUT_MS",
  ]);
});

Deno.test("loadConfig() blames no variable for another one's fault", () => {
  for (
    const [changes, variables] of [
      [{ TOSS_SECRET_KEY: undefined }, ["TOSS_SECRET_KEY"]],
      [
        { WEBHOOK_SIGNATURE_SCHEMES: "none", WEBHOOK_REQUIRE_SIGNATURE: "on" },
        ["WEBHOOK_SIGNATURE_SCHEMES"],
      ],
      [{ SUPABASE_SECRET_KEYS: "none" }, ["SUPABASE_SECRET_KEYS"]],
      [{ TOSS_API_BASE_URL: "none" }, ["TOSS_API_BASE_URL"]],
    ] as const
  ) {
    const loaded = loadConfig(environment(changes));
    assert.ok(!loaded.ok);
    assert.deepEqual(
      loaded.problems.map(({ variable }) => variable),
      variables,
    );
  }
});

Deno.test("loadConfig() uses the first of several secret keys and checks webhooks with all", () => {
  const config = configOf({
    TOSS_SECRET_KEY: "test_sk_new, test_sk_old",
    WEBHOOK_SIGNATURE_SCHEMES: "sha256-hex-body-time",
  });
  assert.equal(config.toss.pairs.main.secretKey, "test_sk_new");
  assert.deepEqual(config.webhook.schemes, [{
    scheme: "sha256-hex-body-time",
    keys: ["test_sk_new", "test_sk_old"],
  }]);
});

Deno.test("loadConfig() knows Toss's webhook senders by the name toss", () => {
  const { webhook } = configOf({ WEBHOOK_ALLOWED_IPS: "toss,192.0.2.1" });
  assert.ok(webhook.allowedIps.includes("13.124.18.147"));
  assert.ok(webhook.allowedIps.includes("115.92.221.127"));
  assert.equal(webhook.allowedIps.at(-1), "192.0.2.1");
  assert.equal(webhook.allowedIps.includes("toss"), false);
});

Deno.test("loadConfig() takes an empty variable for an unset one", () => {
  const config = configOf({ TOSS_TIMEOUT_MS: "", WEBHOOK_ALLOWED_IPS: "" });
  assert.equal(config.toss.timeoutMs, 60_000);
});

Deno.test("loadConfig() is content with Supabase's legacy keys alone", () => {
  const config = configOf({
    SUPABASE_PUBLISHABLE_KEYS: undefined,
    SUPABASE_SECRET_KEYS: undefined,
    SUPABASE_ANON_KEY: "anon",
    SUPABASE_SERVICE_ROLE_KEY: "service",
  });
  assert.deepEqual(config.supabase.secretKeys, ["service"]);
});

Deno.test("loadConfig() names every missing variable at once", () => {
  const loaded = loadConfig({});
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.problems.map(({ variable }) => variable).sort(), [
    "APP_URL",
    "BILLING_KEY_ENCRYPTION_KEYS",
    "CRON_SECRET",
    "SUPABASE_PUBLISHABLE_KEYS",
    "SUPABASE_SECRET_KEYS",
    "SUPABASE_URL",
    "TOSS_CLIENT_KEY",
    "TOSS_SECRET_KEY",
  ]);
  assert.ok(
    loaded.problems.every(({ problem }) =>
      /^(is not set|holds no key; Supabase sets it for every function)$/
        .test(problem)
    ),
  );
});

const SOUND_KEY = "leaked99-leaked99-leaked99-leake";

/** A keyring of the given bytes, one key after the other. */
function keyring(...keys: string[]): string {
  return JSON.stringify(
    Object.fromEntries(keys.map((key, index) => [`k${index}`, btoa(key)])),
  );
}

const LIVE = { TOSS_SECRET_KEY: "live_sk_a", TOSS_CLIENT_KEY: "live_ck_a" };
const bad: [string, Record<string, string | undefined>][] = [
  ["TOSS_SECRET_KEY", { TOSS_SECRET_KEY: "test_ck_leaked99" }],
  ["TOSS_CLIENT_KEY", { TOSS_CLIENT_KEY: "test_sk_leaked99" }],
  ["TOSS_CLIENT_KEY", { TOSS_CLIENT_KEY: "live_ck_leaked99" }],
  ["TOSS_CLIENT_KEY", { ...LIVE, TOSS_CLIENT_KEY: "test_ck_leaked99" }],
  ["TOSS_CLIENT_KEY", { TOSS_CLIENT_KEY: "test_gck_leaked99" }],
  ["TOSS_API_BASE_URL", { TOSS_API_BASE_URL: "http://leaked99.example" }],
  ["TOSS_API_BASE_URL", {
    TOSS_API_BASE_URL: "http://127.0.0.1.leaked99.example",
  }],
  ["TOSS_API_BASE_URL", {
    ...LIVE,
    TOSS_API_BASE_URL: "http://127.0.0.1:54380",
  }],
  ["TOSS_API_BASE_URL", {
    ...LIVE,
    TOSS_API_BASE_URL: "https://localhost:54380",
  }],
  ["TOSS_API_BASE_URL", { TOSS_API_BASE_URL: "leaked99" }],
  ["TOSS_TIMEOUT_MS", { TOSS_TIMEOUT_MS: "60s-leaked99" }],
  ["TOSS_TIMEOUT_MS", { TOSS_TIMEOUT_MS: "0" }],
  ["TOSS_TIMEOUT_MS", { TOSS_TIMEOUT_MS: "200000" }],
  ["APP_URL", { APP_URL: "shop.leaked99" }],
  ["APP_URL", { APP_URL: "javascript:leaked99" }],
  ["APP_URL", { APP_URL: "https://user:leaked99@shop.example" }],
  ["APP_SUCCESS_PATH", { APP_SUCCESS_PATH: "//leaked99.example" }],
  ["APP_SUCCESS_PATH", { APP_SUCCESS_PATH: "/\\leaked99.example" }],
  ["APP_FAIL_PATH", { APP_FAIL_PATH: "https://leaked99.example" }],
  ["APP_CONSENT_PATH", { APP_CONSENT_PATH: "consent-leaked99" }],
  ["BILLING_KEY_ENCRYPTION_KEYS", {
    BILLING_KEY_ENCRYPTION_KEYS: '{"a":"leaked99"}',
  }],
  ["CRON_SECRET", { CRON_SECRET: "short-leaked99" }],
  // What protects nothing: too short, one character or byte again and again, one text as two keys.
  ["CRON_SECRET", { CRON_SECRET: "a".repeat(40) }],
  ["WEBHOOK_URL_TOKEN", { WEBHOOK_URL_TOKEN: "leaked99" }],
  ["WEBHOOK_URL_TOKEN", { WEBHOOK_URL_TOKEN: "0".repeat(64) }],
  ["TOSS_WEBHOOK_SECRET", { TOSS_WEBHOOK_SECRET: "leaked99" }],
  ["TOSS_WEBHOOK_SECRET", {
    TOSS_WEBHOOK_SECRET: "a sound secret of a relay,leaked99",
  }],
  ["TOSS_SECURITY_KEY", { TOSS_SECURITY_KEY: "0".repeat(64) }],
  ["TOSS_SECURITY_KEY", { TOSS_SECURITY_KEY: "leaked99" }],
  ["BILLING_KEY_ENCRYPTION_KEYS", {
    BILLING_KEY_ENCRYPTION_KEYS: keyring("\0".repeat(32)),
  }],
  ["BILLING_KEY_ENCRYPTION_KEYS", {
    BILLING_KEY_ENCRYPTION_KEYS: keyring(SOUND_KEY, "k".repeat(32)),
  }],
  ["BILLING_KEY_ENCRYPTION_KEYS", {
    BILLING_KEY_ENCRYPTION_KEYS: keyring(SOUND_KEY, SOUND_KEY),
  }],
  ["WEBHOOK_URL_TOKEN", { WEBHOOK_URL_TOKEN: "0123456789abcdef" }],
  ["CRON_SECRET", {
    SUPABASE_SECRET_KEYS: '{"a":"sb_secret_leaked99"}',
    CRON_SECRET: "sb_secret_leaked99",
  }],
  ["CRON_SECRET", {
    SUPABASE_ANON_KEY: "public-for-every-browser-leaked99",
    CRON_SECRET: "public-for-every-browser-leaked99",
  }],
  ["CRON_SECRET", {
    TOSS_CLIENT_KEY: "test_ck_long_enough_leaked99",
    CRON_SECRET: "test_ck_long_enough_leaked99",
  }],
  ["TOSS_SECRET_KEY", { TOSS_SECRET_KEY: "test_sk_leaked99,test_sk_leaked99" }],
  ["BILLING_KEY_ENCRYPTION_KEYS", {
    CRON_SECRET: btoa(SOUND_KEY),
    BILLING_KEY_ENCRYPTION_KEYS: keyring(SOUND_KEY),
  }],
  ["WEBHOOK_SIGNATURE_SCHEMES", {
    WEBHOOK_SIGNATURE_SCHEMES: "toss-v1,leaked99",
  }],
  ["WEBHOOK_REQUIRE_SIGNATURE", { WEBHOOK_REQUIRE_SIGNATURE: "leaked99" }],
  ["TOSS_WEBHOOK_SECRET", { WEBHOOK_SIGNATURE_SCHEMES: "sha512-hex-body" }],
  ["TOSS_SECURITY_KEY", {
    WEBHOOK_SIGNATURE_SCHEMES: "toss-v1,sha256-hex-body",
    TOSS_WEBHOOK_SECRET: "secret-of-a-relay",
  }],
  ["TOSS_SECURITY_KEY", { WEBHOOK_REQUIRE_SIGNATURE: "1" }],
  ["WEBHOOK_CLIENT_IP_HEADER", { WEBHOOK_CLIENT_IP_HEADER: "leaked99" }],
  ["WEBHOOK_ALLOWED_IPS", { WEBHOOK_ALLOWED_IPS: "1.2.3.4,leaked99" }],
  ["CORS_ALLOWED_ORIGINS", {
    CORS_ALLOWED_ORIGINS: "https://leaked99.example/path",
  }],
  ["DUNNING_SCHEDULE_DAYS", { DUNNING_SCHEDULE_DAYS: "3,1" }],
  ["DUNNING_SCHEDULE_DAYS", { DUNNING_SCHEDULE_DAYS: "1,leaked99" }],
  ["DUNNING_FINAL_ACTION", { DUNNING_FINAL_ACTION: "leaked99" }],
  ["AD_HOC_CHARGES", { AD_HOC_CHARGES: "leaked99" }],
  ["CHECKOUT_UI", { CHECKOUT_UI: "brandpay" }],
  ["VIRTUAL_ACCOUNT_MAX_HOURS", { VIRTUAL_ACCOUNT_MAX_HOURS: "2161" }],
  ["CASH_RECEIPT_SELF_ISSUE_DAYS", { CASH_RECEIPT_SELF_ISSUE_DAYS: "31" }],
  ["RETAIN_WEBHOOK_BODIES_DAYS", { RETAIN_WEBHOOK_BODIES_DAYS: "6" }],
  ["RETAIN_PERSONAL_DATA_YEARS", { RETAIN_PERSONAL_DATA_YEARS: "0" }],
  ["NOTIFY_EMAIL", { NOTIFY_EMAIL: "leaked99" }],
  ["RESEND_API_KEY", {
    NOTIFY_EMAIL: "resend",
    EMAIL_FROM: "notice@shop.example",
  }],
  ["EMAIL_FROM", { NOTIFY_EMAIL: "resend", RESEND_API_KEY: "re_leaked99_key" }],
  ["EMAIL_FROM", { EMAIL_FROM: "leaked99" }],
  ["EMAIL_FROM", { EMAIL_FROM: "leaked99\nBcc: x <a@b.example>" }],
  ["RESEND_API_BASE_URL", { RESEND_API_BASE_URL: "http://leaked99.example" }],
  ["NOTIFY_MESSAGE", { NOTIFY_MESSAGE: "leaked99" }],
  ["SOLAPI_SENDER", {
    NOTIFY_MESSAGE: "solapi",
    SOLAPI_API_KEY: "NCSAYU7YDBXYORXC",
    SOLAPI_API_SECRET: "a-secret-leaked99",
  }],
  ["SOLAPI_SENDER", { SOLAPI_SENDER: "leaked99" }],
  ["SOLAPI_TEMPLATES", { SOLAPI_TEMPLATES: "leaked99" }],
  ["SOLAPI_TEMPLATES", {
    SOLAPI_PF_ID: "KA01PF",
    SOLAPI_TEMPLATES: '{"leaked99":"KA01TP"}',
  }],
  ["SOLAPI_PF_ID", { SOLAPI_TEMPLATES: '{"receipt":"KA01TP"}' }],
  ["SUPABASE_URL", { SUPABASE_URL: "leaked99" }],
  ["SUPABASE_SECRET_KEYS", { SUPABASE_SECRET_KEYS: "sb_secret_leaked99" }],
  ["SUPABASE_SECRET_KEYS", { SUPABASE_SECRET_KEYS: "{}" }],
  ["SUPABASE_PUBLISHABLE_KEYS", { SUPABASE_PUBLISHABLE_KEYS: '["leaked99"]' }],
];
for (const [variable, changes] of bad) {
  Deno.test(`loadConfig() refuses ${JSON.stringify(changes)}`, () => {
    const loaded = loadConfig(environment(changes));
    assert.ok(!loaded.ok);
    assert.deepEqual(
      [...new Set(loaded.problems.map((each) => each.variable))],
      [variable],
    );
    assert.equal(JSON.stringify(loaded).includes("leaked99"), false);
  });
}

Deno.test("loadConfig() lets test keys talk to a simulator on this machine", () => {
  for (
    const url of [
      "http://127.0.0.1:54380",
      "http://localhost:1/",
      "http://[::1]:1",
      "https://toss.example",
    ]
  ) {
    assert.equal(
      configOf({ TOSS_API_BASE_URL: url }).toss.apiBaseUrl,
      url.replace(/\/$/, ""),
    );
  }
});

Deno.test("loadConfig() opens each channel with its account, and takes the shop's name from the sender", () => {
  const { notices } = configOf({
    NOTIFY_EMAIL: "resend",
    RESEND_API_KEY: "re_key_of_a_shop_1",
    EMAIL_FROM: "머그 상점 <notice@shop.example>",
    NOTIFY_MESSAGE: "solapi",
    SOLAPI_API_KEY: "NCSAYU7YDBXYORXC",
    SOLAPI_API_SECRET: "secret-of-a-shop-1",
    SOLAPI_SENDER: "02-123-4567",
  });
  assert.deepEqual(notices, {
    email: {
      apiKey: "re_key_of_a_shop_1",
      baseUrl: "https://api.resend.com",
      from: "머그 상점 <notice@shop.example>",
    },
    message: {
      apiKey: "NCSAYU7YDBXYORXC",
      apiSecret: "secret-of-a-shop-1",
      baseUrl: "https://api.solapi.com",
      sender: "021234567",
      pfId: undefined,
      templates: {},
    },
    shop: { name: "머그 상점", url: "https://shop.example/app" },
  });
});

Deno.test("loadConfig() lets events go to private networks with test keys only", () => {
  assert.equal(
    configOf({ WEBHOOK_ALLOW_PRIVATE: "on" }).outgoing.allowPrivate,
    true,
  );
  const live = loadConfig(environment({
    TOSS_SECRET_KEY: "live_gsk_a",
    TOSS_CLIENT_KEY: "live_gck_a",
    WEBHOOK_ALLOW_PRIVATE: "on",
  }));
  assert.ok(!live.ok);
  assert.deepEqual(live.problems, [{
    variable: "WEBHOOK_ALLOW_PRIVATE",
    problem: "is on, which only test keys allow",
  }]);
});
