import assert from "node:assert/strict";
import { readVariables } from "../../scripts/deploy/variables.ts";
import { VARIABLES } from "./scene.ts";

function variables(changes: Record<string, string>) {
  return readVariables({
    file: "/does/not/exist.env",
    environment: { ...VARIABLES, ...changes },
    projectUrl: "https://rehearsalofdeploymen.supabase.co",
  });
}

Deno.test("readVariables() takes what the functions take", async () => {
  const result = await variables({ CORS_ALLOWED_ORIGINS: "", OTHER: "x" });

  assert.ok(result.ok);
  assert.deepEqual(result.variables.values, VARIABLES);
  assert.equal(result.variables.mode, "test");
});

for (
  const [what, changes, problem] of [
    ["a mixed pair", {
      TOSS_CLIENT_KEY: "live_ck_Key",
    }, /^TOSS_CLIENT_KEY is a live key/],
    ["a variable that is out of range", {
      TOSS_TIMEOUT_MS: "49",
    }, /^TOSS_TIMEOUT_MS must be/],
    ["a Toss on this machine", {
      TOSS_API_BASE_URL: "http://127.0.0.1:54380",
    }, /^TOSS_API_BASE_URL points to this machine/],
    ["live keys with a page over http", {
      TOSS_SECRET_KEY: "live_sk_Key",
      TOSS_CLIENT_KEY: "live_ck_Key",
      APP_URL: "http://shop.example",
    }, /^APP_URL must use https/],
    ["a secret that no header can carry", {
      CRON_SECRET: "비밀 비밀 비밀 비밀 비밀 비밀",
    }, /^CRON_SECRET travels in a header/],
    ["a value that the CLI's file cannot hold", {
      WEBHOOK_URL_TOKEN: "it's `quoted` twice",
    }, /^WEBHOOK_URL_TOKEN must not hold/],
  ] as const
) {
  Deno.test(`readVariables() refuses ${what} and shows no value`, async () => {
    const result = await variables(changes);

    assert.ok(!result.ok);
    assert.equal(result.problems.length, 1);
    assert.match(result.problems[0] ?? "", problem);
    for (const value of Object.values(changes)) {
      assert.ok(!result.problems[0]?.includes(value), value);
    }
  });
}

Deno.test("readVariables() takes values without the white space around them, as the functions do", async () => {
  const padded = Object.fromEntries(
    Object.entries(VARIABLES).map(([name, value]) => [name, ` ${value}\r\n`]),
  );

  const result = await variables(padded);

  assert.ok(result.ok);
  assert.deepEqual(result.variables.values, VARIABLES);
});

Deno.test("readVariables() names everything that is wrong at once", async () => {
  const result = await variables({
    TOSS_CLIENT_KEY: "live_ck_Key",
    TOSS_TIMEOUT_MS: "49",
    TOSS_API_BASE_URL: "http://127.0.0.1:54380",
    CRON_SECRET: "비밀 비밀 비밀 비밀 비밀 비밀",
    WEBHOOK_URL_TOKEN: "it's `quoted` twice",
  });

  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map((problem) => problem.split(" ")[0]).sort(),
    [
      "CRON_SECRET",
      "TOSS_API_BASE_URL",
      "TOSS_CLIENT_KEY",
      "TOSS_TIMEOUT_MS",
      "WEBHOOK_URL_TOKEN",
    ],
  );
});
