import assert from "node:assert/strict";
import { loadConfig } from "../../../supabase/functions/_shared/config/config.ts";
import {
  checkKeyPairs,
  type ChosenKeys,
  type KeyPairs,
  keysOf,
  keysOfBilling,
  keysOfCheckout,
  keysOfWindow,
} from "../../../supabase/functions/_shared/toss/key-pairs.ts";

const API = { secretKey: "test_sk_a", clientKey: "test_ck_a" };
const BILLING = { secretKey: "test_sk_b", clientKey: "test_ck_b" };
const WIDGET = { secretKey: "test_gsk_a", clientKey: "test_gck_a" };
const UNSET = { secretKey: null, clientKey: null };

const cases: [
  string,
  Partial<Parameters<typeof checkKeyPairs>[0]>,
  string[],
][] = [
  ["accepts the main pair alone", {}, []],
  ["accepts all three", { widget: WIDGET, billing: BILLING }, []],
  ["accepts a main pair of the widget", { main: WIDGET }, []],
  ["refuses half a widget pair", {
    widget: { ...WIDGET, clientKey: null },
  }, ["TOSS_WIDGET_CLIENT_KEY"]],
  ["refuses half a billing pair", {
    billing: { ...BILLING, secretKey: null },
  }, ["TOSS_BILLING_SECRET_KEY"]],
  ["refuses API keys for the widget", { widget: BILLING }, [
    "TOSS_WIDGET_SECRET_KEY",
  ]],
  ["refuses widget keys for billing", { billing: WIDGET }, [
    "TOSS_BILLING_SECRET_KEY",
  ]],
  ["refuses a mixed pair", {
    billing: { secretKey: "test_sk_b", clientKey: "test_gck_b" },
  }, ["TOSS_BILLING_CLIENT_KEY"]],
  ["refuses live keys beside test keys", {
    widget: { secretKey: "live_gsk_a", clientKey: "live_gck_a" },
  }, ["TOSS_WIDGET_SECRET_KEY"]],
  ["refuses a secret key where browsers see it", {
    widget: { secretKey: "test_gsk_a", clientKey: "test_gsk_a" },
  }, ["TOSS_WIDGET_CLIENT_KEY"]],
  ["says nothing about pairs that are not set", { main: UNSET }, []],
];
for (const [behaviour, changes, variables] of cases) {
  Deno.test(`checkKeyPairs() ${behaviour}`, () => {
    const problems = checkKeyPairs({
      main: API,
      widget: UNSET,
      billing: UNSET,
      ...changes,
    });
    assert.deepEqual(problems.map(({ variable }) => variable), variables);
  });
}

const ONLY_API: KeyPairs = { main: API, widget: null, billing: null };
const ONLY_WIDGET: KeyPairs = { main: WIDGET, widget: null, billing: null };
const ALL: KeyPairs = { main: API, widget: WIDGET, billing: BILLING };

function keysIn(chosen: ChosenKeys): string {
  return chosen.ok
    ? `${chosen.keys} ${chosen.clientKey}`
    : chosen.problems.map(({ variable }) => variable).join(" ");
}

Deno.test("keysOfCheckout() takes the widget where there is a pair for it, else the window", () => {
  assert.equal(keysIn(keysOfCheckout(ONLY_API)), "main test_ck_a");
  assert.equal(keysIn(keysOfCheckout(ONLY_WIDGET)), "main test_gck_a");
  assert.equal(keysIn(keysOfCheckout(ALL)), "widget test_gck_a");
});

Deno.test("keysOfCheckout() serves the ui that is asked for, or names what is not set", () => {
  assert.equal(keysIn(keysOfCheckout(ALL, "window")), "main test_ck_a");
  assert.equal(keysIn(keysOfCheckout(ALL, "widget")), "widget test_gck_a");
  assert.equal(
    keysIn(keysOfCheckout(ONLY_API, "widget")),
    "TOSS_WIDGET_SECRET_KEY TOSS_WIDGET_CLIENT_KEY",
  );
  assert.equal(
    keysIn(keysOfCheckout(ONLY_WIDGET, "window")),
    "TOSS_SECRET_KEY TOSS_CLIENT_KEY",
  );
});

Deno.test("keysOfWindow() takes the main pair alone, and an API one", () => {
  assert.equal(keysIn(keysOfWindow(ALL)), "main test_ck_a");
  assert.equal(
    keysIn(keysOfWindow({ ...ALL, main: WIDGET })),
    "TOSS_SECRET_KEY TOSS_CLIENT_KEY",
  );
});

Deno.test("keysOfBilling() takes the billing pair, else a main one of the API keys", () => {
  assert.equal(keysIn(keysOfBilling(ALL)), "billing test_ck_b");
  assert.equal(keysIn(keysOfBilling(ONLY_API)), "main test_ck_a");
  assert.equal(
    keysIn(keysOfBilling(ONLY_WIDGET)),
    "TOSS_BILLING_SECRET_KEY TOSS_BILLING_CLIENT_KEY",
  );
});

Deno.test("keysOf() names the variables of a pair that was taken out", () => {
  assert.equal(
    keysIn(keysOf(ONLY_API, "widget")),
    "TOSS_WIDGET_SECRET_KEY TOSS_WIDGET_CLIENT_KEY",
  );
});

const VARIABLES = {
  SUPABASE_URL: "http://127.0.0.1:54321",
  SUPABASE_PUBLISHABLE_KEYS: `{"a":"sb_publishable_a"}`,
  SUPABASE_SECRET_KEYS: `{"a":"sb_secret_a"}`,
  TOSS_SECRET_KEY: "test_sk_a",
  TOSS_CLIENT_KEY: "test_ck_a",
  APP_URL: "https://shop.example",
  BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({
    k1: btoa("0123456789abcdefghijklmnopqrstuv"),
  }),
  CRON_SECRET: "0123456789abcdef",
};

Deno.test("loadConfig() reads every pair, of a secret key that changes the new one", () => {
  const loaded = loadConfig({
    ...VARIABLES,
    TOSS_WIDGET_SECRET_KEY: "test_gsk_new, test_gsk_old",
    TOSS_WIDGET_CLIENT_KEY: "test_gck_a",
    TOSS_BILLING_SECRET_KEY: "test_sk_b",
    TOSS_BILLING_CLIENT_KEY: "test_ck_b",
    WEBHOOK_SIGNATURE_SCHEMES: "sha256-hex-body-time",
  });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.deepEqual(loaded.config.toss.pairs, {
    main: API,
    widget: { secretKey: "test_gsk_new", clientKey: "test_gck_a" },
    billing: BILLING,
  });
  // Each merchant id signs with a key of its own.
  assert.deepEqual(loaded.config.webhook.schemes[0]?.keys, [
    "test_sk_a",
    "test_gsk_new",
    "test_gsk_old",
    "test_sk_b",
  ]);
});

Deno.test("loadConfig() takes one pair for two purposes, and no key for anything else", () => {
  const same = {
    TOSS_BILLING_SECRET_KEY: "test_sk_a",
    TOSS_BILLING_CLIENT_KEY: "test_ck_a",
  };
  assert.ok(loadConfig({ ...VARIABLES, ...same }).ok);
  const loaded = loadConfig({
    ...VARIABLES,
    TOSS_BILLING_SECRET_KEY: "test_sk_0123456789",
    TOSS_BILLING_CLIENT_KEY: "test_ck_b",
    CRON_SECRET: "test_sk_0123456789",
  });
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.problems.map(({ variable }) => variable), [
    "CRON_SECRET",
  ]);
});

Deno.test("loadConfig() says of half a pair and of mixed modes which variable it is, without a key", () => {
  const loaded = loadConfig({
    ...VARIABLES,
    TOSS_WIDGET_SECRET_KEY: "live_gsk_visible",
    TOSS_WIDGET_CLIENT_KEY: "live_gck_visible",
    TOSS_BILLING_CLIENT_KEY: "test_ck_visible",
  });
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.problems.map(({ variable }) => variable), [
    "TOSS_WIDGET_SECRET_KEY",
    "TOSS_BILLING_SECRET_KEY",
  ]);
  assert.equal(JSON.stringify(loaded.problems).includes("visible"), false);
});
