import assert from "node:assert/strict";
import { configurationProblems } from "../../scripts/dev/configuration.ts";
import { readDevSettings } from "../../scripts/dev/settings.ts";

function variablesOf(problems: string[]): string[] {
  return problems.map((problem) => problem.split(" ")[0] ?? "");
}

Deno.test("readDevSettings() takes every variable without the white space around it", () => {
  const plain = {
    PORT: "1",
    DB_PORT: "2",
    TOSS_SIM_PORT: "3",
    WEB_PORT: "4",
    DB_DIR: "/data",
    RESET: "1",
    TOSS_API_BASE_URL: "http://127.0.0.1:5",
    TOSS_SECRET_KEY: "test_sk_a",
    APP_URL: "https://shop.example",
  };
  const padded = Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name, `\t${value} \r\n`]),
  );
  assert.deepEqual(readDevSettings(padded), readDevSettings(plain));
  assert.deepEqual(readDevSettings({ PORT: " " }), readDevSettings({}));
});

Deno.test("a local stack that is given nothing has a sound configuration", () => {
  assert.deepEqual(configurationProblems({}), []);
});

Deno.test("dev names everything that would make the functions answer not_configured", () => {
  const problems = configurationProblems({
    TOSS_SECRET_KEY: "live_sk_a",
    TOSS_CLIENT_KEY: "test_ck_a",
    TOSS_TIMEOUT_MS: "soon",
    APP_URL: "shop",
  });
  assert.deepEqual(variablesOf(problems).sort(), [
    "APP_URL",
    "TOSS_API_BASE_URL",
    "TOSS_CLIENT_KEY",
    "TOSS_TIMEOUT_MS",
  ]);
});

Deno.test("dev with another Toss needs its keys, with one on this machine it does not", () => {
  const elsewhere = configurationProblems({
    TOSS_API_BASE_URL: "https://toss.example",
  });
  assert.deepEqual(variablesOf(elsewhere).sort(), [
    "TOSS_CLIENT_KEY",
    "TOSS_SECRET_KEY",
  ]);
  assert.deepEqual(
    configurationProblems({ TOSS_API_BASE_URL: "http://127.0.0.1:1" }),
    [],
  );
});
