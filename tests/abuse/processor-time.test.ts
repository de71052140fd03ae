import assert from "node:assert/strict";
import {
  createFunction,
  type Routes,
} from "../../supabase/functions/_shared/http/create-function.ts";
import { MAXIMUM_BODY_BYTES } from "../../supabase/functions/_shared/http/access.ts";
import { charge } from "../../supabase/functions/billing-charge/handler.ts";
import {
  deleteMethod,
  issueByJson,
  prepare,
} from "../../supabase/functions/billing-issue/handler.ts";
import { cancel } from "../../supabase/functions/cancel/handler.ts";
import { checkout } from "../../supabase/functions/checkout/handler.ts";
import { confirmByJson } from "../../supabase/functions/confirm/handler.ts";
import { change } from "../../supabase/functions/subscription/handler.ts";
import { virtualAccount } from "../../supabase/functions/virtual-account/handler.ts";
import { receiveWebhook } from "../../supabase/functions/webhook/handler.ts";
import { work } from "../../supabase/functions/worker/handler.ts";
import { processorTime } from "../support/processor-time.ts";
import { craftedBodies } from "../support/crafted-bodies.ts";

const BOUND_MS = 50;
const MAXIMUM_ANSWER = 8_000;

const environment = {
  SUPABASE_URL: "http://127.0.0.1:1",
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_processor-time-test"}',
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_processor-time-test"}',
  TOSS_SECRET_KEY: "test_sk_processor0time0test",
  TOSS_CLIENT_KEY: "test_ck_processor0time0test",
  APP_URL: "https://shop.example",
  BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify({
    one: btoa(
      String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))),
    ),
  }),
  CRON_SECRET: crypto.randomUUID(),
};

/** A Supabase that knows one user and takes nothing: what is measured is our own work. */
const away: typeof fetch = (input) => {
  const url = String(input instanceof Request ? input.url : input);
  return Promise.resolve(
    url.includes("/auth/v1/user")
      ? Response.json({ id: crypto.randomUUID(), role: "authenticated" })
      : Response.json({ message: "away" }, { status: 503 }),
  );
};

const encode = (value: unknown) =>
  btoa(JSON.stringify(value)).replace(/=+$/, "");
const token = `${encode({ alg: "HS256", typ: "JWT" })}.${
  encode({
    sub: crypto.randomUUID(),
    role: "authenticated",
    exp: 9_999_999_999,
  })
}.c2ln`;

const publishable = { apikey: "sb_publishable_processor-time-test" };
const secret = { apikey: "sb_secret_processor-time-test" };
const user = { ...publishable, authorization: `Bearer ${token}` };

/** What reads a body: the function, its route, who may call it, and a field that takes text. */
interface Reader {
  name: keyof typeof MAXIMUM_BODY_BYTES;
  route: string;
  routes: Routes;
  headers: Record<string, string>;
  field: string;
  lead?: string;
}

const READERS: Reader[] = [
  {
    name: "billing-charge",
    route: "POST /",
    routes: { "POST /": charge },
    headers: secret,
    field: "orderName",
  },
  {
    name: "billing-issue",
    route: "POST /",
    routes: { "POST /": issueByJson },
    headers: user,
    field: "authKey",
  },
  {
    name: "billing-issue",
    route: "POST /prepare",
    routes: { "POST /prepare": prepare },
    headers: user,
    field: "planId",
  },
  {
    name: "billing-issue",
    route: "DELETE /",
    routes: { "DELETE /": deleteMethod },
    headers: user,
    field: "billingMethodId",
  },
  {
    name: "cancel",
    route: "POST /",
    routes: { "POST /": cancel },
    headers: secret,
    field: "cancelReason",
  },
  {
    name: "checkout",
    route: "POST /",
    routes: { "POST /": checkout },
    headers: publishable,
    field: "customerEmail",
  },
  {
    name: "confirm",
    route: "POST /",
    routes: { "POST /": confirmByJson },
    headers: {},
    field: "paymentKey",
  },
  {
    name: "subscription",
    route: "POST /",
    routes: { "POST /": change },
    headers: secret,
    field: "planId",
    lead: '"action":"subscribe",',
  },
  {
    name: "virtual-account",
    route: "POST /",
    routes: { "POST /": virtualAccount },
    headers: publishable,
    field: "bank",
  },
  {
    name: "webhook",
    route: "POST /",
    routes: { "POST /": receiveWebhook },
    headers: {},
    field: "eventType",
  },
  {
    name: "worker",
    route: "POST /",
    routes: { "POST /": work },
    headers: secret,
    field: "job",
  },
];

/** Log lines are part of the work; their text would bury the report. */
async function withoutConsole(run: () => Promise<void>): Promise<void> {
  const { debug, info, warn, error } = console;
  const quiet = () => {};
  Object.assign(console, {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: quiet,
  });
  try {
    await run();
  } finally {
    Object.assign(console, { debug, info, warn, error });
  }
}

/** Runs until one run keeps the bound, at most ten times: a first run compiles, and a slow body stays slow. */
async function leastTime(run: () => Promise<Response>) {
  let least = Infinity;
  let answer = Response.error();
  for (let turn = 0; turn < 10 && least > BOUND_MS; turn++) {
    const startedAt = processorTime();
    answer = await run();
    least = Math.min(least, processorTime() - startedAt);
  }
  return { least, status: answer.status, text: await answer.text() };
}

/** Tries every crafted body; says which were too slow. */
async function slowBodies(
  { name, route, routes, headers, ...fields }: Reader,
): Promise<string[]> {
  const edge = createFunction(name, routes, {
    environment: () => environment,
    fetch: away,
  });
  const [method = "", path = ""] = route.split(" ");
  const maximum = MAXIMUM_BODY_BYTES[name];
  const slow: string[] = [];
  for (const [kind, body] of Object.entries(craftedBodies(maximum, fields))) {
    assert.ok(new TextEncoder().encode(body).length <= maximum, kind);
    const address = `http://127.0.0.1/${name}${path}`;
    const { least, status, text } = await leastTime(() =>
      edge.fetch(new Request(address, { method, headers, body }))
    );
    // It was read: neither refused for who sent it nor for its size.
    assert.ok(![401, 413, 500].includes(status), `${kind}: ${text}`);
    assert.ok(text.length <= MAXIMUM_ANSWER, `${kind}: ${text.length}`);
    const { details = [] } = JSON.parse(text);
    assert.ok(details.length <= 20, `${kind}: ${details.length} problems`);
    if (least > BOUND_MS) slow.push(`${kind}: ${least.toFixed(0)} ms`);
  }
  return slow;
}

for (const reader of READERS) {
  Deno.test(`${reader.route} of ${reader.name} reads no body for longer than ${BOUND_MS} ms and answers in 8 KB`, async () => {
    await withoutConsole(async () => {
      assert.deepEqual(await slowBodies(reader), []);
    });
  });
}
