import assert from "node:assert/strict";
import { createFunction } from "../../../supabase/functions/_shared/http/create-function.ts";
import { secretValues } from "../../../supabase/functions/_shared/config/secret-values.ts";
import { health } from "../../../supabase/functions/health/handler.ts";

const KEY = btoa(
  String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))),
);
const SECRETS = {
  TOSS_SECRET_KEY: "unusual_0123456789",
  TOSS_SECURITY_KEY: "a1b2c3d4e5f60718, 9a0b1c2d3e4f5061",
  TOSS_WEBHOOK_SECRET: "relay-7Hq",
  CRON_SECRET: "cron-XkQ2mV9tRb4w",
  WEBHOOK_URL_TOKEN: "token-5Jd8sW",
  SUPABASE_SECRET_KEYS: '{"default":"sb-Secret-0001-abcdef"}',
  BILLING_KEY_ENCRYPTION_KEYS: `{"k1":"${KEY}"}`,
  SUPABASE_DB_URL: "postgresql://postgres:pa55-word!@db.example:5432/postgres",
};

/** The log lines of a request whose address holds each secret, under an environment. */
async function logged(environment: Record<string, string>): Promise<string> {
  const { info, error } = console;
  const lines: string[] = [];
  console.info = console.error = (line: string) => void lines.push(line);
  try {
    const edge = createFunction("health", { "GET /": health }, {
      environment: () => environment,
    });
    for (const secret of [...parts(), "harmless"]) {
      const path = encodeURIComponent(secret);
      await edge.fetch(new Request(`http://127.0.0.1/health/${path}`));
    }
  } finally {
    Object.assign(console, { info, error });
  }
  return lines.join("\n");
}

const parts = () => [
  SECRETS.TOSS_SECRET_KEY,
  ...SECRETS.TOSS_SECURITY_KEY.split(", "),
  SECRETS.TOSS_WEBHOOK_SECRET,
  SECRETS.CRON_SECRET,
  SECRETS.WEBHOOK_URL_TOKEN,
  "sb-Secret-0001-abcdef",
  KEY,
  "pa55-word!",
];

Deno.test("a function hides every secret of its environment, encryption keys too, although nothing else of it is sound", async () => {
  const text = await logged({ ...SECRETS, TOSS_TIMEOUT_MS: "never" });
  assert.match(text, /harmless/);
  for (const secret of parts()) {
    for (const spelling of [secret, encodeURIComponent(secret)]) {
      assert.equal(text.includes(spelling), false, secret);
    }
  }
});

Deno.test("secretValues() takes what stands under a sensitive name and nothing else", () => {
  assert.deepEqual(
    secretValues({
      CRON_SECRET: " 0123456789abcdef ",
      TOSS_CLIENT_KEY: "test_ck_a",
      APP_URL: "https://shop.example",
      EMPTY_SECRET: "",
    }),
    ["0123456789abcdef"],
  );
});
