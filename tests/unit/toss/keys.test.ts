import assert from "node:assert/strict";
import {
  checkKeyPair,
  keyMode,
  parseTossKey,
} from "../../../supabase/functions/_shared/toss/keys.ts";

Deno.test("parseTossKey() reads mode, family and side of every prefix", () => {
  assert.deepEqual(parseTossKey("test_sk_abc"), {
    mode: "test",
    family: "api",
    side: "secret",
  });
  assert.deepEqual(parseTossKey("live_gck_abc"), {
    mode: "live",
    family: "widget",
    side: "client",
  });
  for (
    const text of [
      "",
      "sk_test_abc",
      "test_sk_",
      "\ufefftest_sk_a",
      "test_sk_a b",
      "test_sk_a:b",
    ]
  ) {
    assert.equal(parseTossKey(text), null, JSON.stringify(text));
  }
});

Deno.test("keyMode() takes whatever is not a test key for live", () => {
  assert.equal(keyMode("test_gsk_abc"), "test");
  assert.equal(keyMode("live_sk_abc"), "live");
  assert.equal(keyMode("something"), "live");
});

const MAIN = { secretKey: "TOSS_SECRET_KEY", clientKey: "TOSS_CLIENT_KEY" };

const cases: [string, string, string, string[]][] = [
  ["accepts an API pair", "test_sk_a", "test_ck_a", []],
  ["accepts a widget pair", "live_gsk_a", "live_gck_a", []],
  ["refuses a client key as secret key", "test_ck_a", "test_ck_a", [
    "TOSS_SECRET_KEY",
  ]],
  ["refuses a secret key as client key", "test_sk_a", "test_sk_a", [
    "TOSS_CLIENT_KEY",
  ]],
  ["refuses exchanged keys", "test_ck_a", "test_sk_a", [
    "TOSS_SECRET_KEY",
    "TOSS_CLIENT_KEY",
  ]],
  ["refuses test with live", "live_sk_a", "test_ck_a", ["TOSS_CLIENT_KEY"]],
  ["refuses live with test", "test_sk_a", "live_ck_a", ["TOSS_CLIENT_KEY"]],
  ["refuses mixed families", "test_gsk_a", "test_ck_a", ["TOSS_CLIENT_KEY"]],
  ["finds a wrong place and a wrong mode at once", "test_ck_a", "live_ck_a", [
    "TOSS_SECRET_KEY",
    "TOSS_CLIENT_KEY",
  ]],
  ["refuses what is no key", "hello", "world", [
    "TOSS_SECRET_KEY",
    "TOSS_CLIENT_KEY",
  ]],
];
for (const [behaviour, secretKey, clientKey, variables] of cases) {
  Deno.test(`checkKeyPair() ${behaviour}`, () => {
    const problems = checkKeyPair({ secretKey, clientKey }, MAIN);
    assert.deepEqual(problems.map(({ variable }) => variable), variables);
  });
}

Deno.test("checkKeyPair() never repeats a key", () => {
  const problems = checkKeyPair({
    secretKey: "live_ck_visible1",
    clientKey: "live_sk_visible2",
  }, MAIN);
  assert.equal(JSON.stringify(problems).includes("visible"), false);
});
