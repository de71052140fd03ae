import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { readDevSettings } from "../../scripts/dev/settings.ts";
import { StopError } from "../../scripts/door/errors.ts";
import { loadLocalSecrets } from "../../stack/local-secrets.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests({ webhookPort: 0 });
const TUNNEL = "shop.ngrok-free.app";
const PAGE = "https://evil.example";

/** Sends a request with any header, `Host` and `Origin` too, which `fetch` keeps to itself. */
async function send(
  url: string,
  headers: Record<string, string>,
  { method = "GET", body = "" } = {},
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<
    { status: number; text: string }
  >();
  const call = request(url, { method, headers, agent: false }, (answer) => {
    text(answer).then(
      (read) => resolve({ status: answer.statusCode ?? 0, text: read }),
      reject,
    );
  });
  call.on("error", reject);
  call.end(body);
  return await promise;
}

const POST = { method: "POST", body: '{"eventType":"X","data":{}}' };

function everyPart({ stack }: Shop) {
  return [
    `${stack.apiUrl}/rest/v1/products?select=id`,
    `${stack.apiUrl}/auth/v1/settings`,
    `${stack.functionsUrl}/health`,
    `${stack.functionsUrl}/webhook`,
    `${stack.functionsUrl}/webhook/../health`,
  ];
}

test("no two data folders share a key, and a folder keeps its own", async ({ stack }) => {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  const [first = "", second = ""] = folders;
  const one = await loadLocalSecrets(first);
  const other = await loadLocalSecrets(second);

  assert.deepEqual(await loadLocalSecrets(first), one);
  const values = [one, other].flatMap((secrets) => Object.values(secrets));
  values.push(stack.publishableKey, stack.secretKey, stack.jwtSecret);
  assert.equal(values.length, 13);
  assert.equal(new Set(values).size, 13);
  assert.equal((await Deno.stat(`${first}/secrets.json`)).mode ?? 0, 0o100600);
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
});

Deno.test("a folder of an earlier version keeps what its data need and gets the rest", async () => {
  const folder = await Deno.makeTempDir();
  const kept = { billingKeyEncryptionKeys: '{"local1":"x"}', cronSecret: "y" };
  await Deno.writeTextFile(`${folder}/secrets.json`, JSON.stringify(kept));

  const secrets = await loadLocalSecrets(folder);

  assert.deepEqual({ ...secrets, ...kept }, secrets);
  assert.match(secrets.secretKey, /^sb_secret_\w{22}_\w{8}$/);
  assert.deepEqual(await loadLocalSecrets(folder), secrets);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a live key is refused by name", () => {
  for (const name of ["TOSS_SECRET_KEY", "TOSS_CLIENT_KEY"]) {
    for (const value of ["live_sk_1", "test_sk_1,live_gsk_2"]) {
      assert.throws(
        () => readDevSettings({ [name]: value }),
        (error: unknown) =>
          error instanceof StopError && error.message.startsWith(name),
      );
    }
  }
  assert.doesNotThrow(() => readDevSettings({ TOSS_SECRET_KEY: "test_sk_1" }));
});

test("under a name that is not this machine's the gateway takes a webhook and nothing else", async (shop) => {
  const { secretKey, functionsUrl } = shop.stack;
  const names: Record<string, string>[] = [
    { host: TUNNEL },
    { host: "evil.example:54321" },
    { host: "127.0.0.1.evil.example" },
    { host: "192.168.0.7" },
    { "x-forwarded-host": TUNNEL },
  ];
  for (const name of names) {
    for (const url of everyPart(shop)) {
      const answer = await send(url, { ...name, apikey: secretKey });
      assert.equal(answer.status, 403, `${url} ${Object.values(name)}`);
    }
    const { status } = await send(`${functionsUrl}/webhook`, name, POST);
    assert.equal(status, 200);
    const worker = { ...name, apikey: secretKey };
    assert.equal(
      (await send(`${functionsUrl}/worker`, worker, POST)).status,
      403,
    );
  }
  const here = await send(`${functionsUrl}/health`, { host: "localhost:1" });
  assert.equal(here.status, 200);
});

test("the port for a tunnel takes POST webhook alone", async (shop) => {
  const { webhookPort, secretKey } = shop.stack;
  const base = `http://127.0.0.1:${webhookPort}`;
  for (const url of everyPart(shop)) {
    const { pathname, search } = new URL(url);
    const headers = { apikey: secretKey };
    assert.equal((await send(base + pathname + search, headers)).status, 404);
  }
  const address = `${base}/functions/v1/webhook`;
  assert.equal((await send(address, { host: TUNNEL }, POST)).status, 200);
  assert.equal((await send(address, { origin: PAGE }, POST)).status, 403);
});

test("a page of elsewhere may use the publishable key, and neither the secret one nor what machines call", async ({ stack }) => {
  const { apiUrl, functionsUrl, publishableKey, secretKey } = stack;
  const products = `${apiUrl}/rest/v1/products?select=id`;
  const page = { origin: PAGE };

  const open = await send(products, { ...page, apikey: publishableKey });
  assert.equal(open.status, 200);
  for (
    const headers of [
      { ...page, apikey: secretKey },
      {
        ...page,
        apikey: publishableKey,
        authorization: `Bearer ${secretKey}`,
      },
    ]
  ) {
    assert.equal((await send(products, headers)).status, 403);
  }
  for (const name of ["webhook", "worker", "billing-charge"]) {
    const url = `${functionsUrl}/${name}`;
    for (const origin of [PAGE, "null"]) {
      assert.equal((await send(url, { origin }, POST)).status, 403, name);
    }
  }
  const own = { origin: "http://localhost:3000", apikey: secretKey };
  assert.equal((await send(products, own)).status, 200);
});

test("neither a form of another page nor a rebound name reaches the simulator", async ({ simulator, stack }) => {
  const paths: [string, string][] = [
    ["POST", "/__simulator/payments"],
    ["POST", "/__simulator/reset"],
    ["PUT", "/__simulator/webhook-urls"],
    ["POST", "/my/payment-logs/some-payment"],
    ["POST", "/payment-window/some-payment"],
    ["POST", "/billing-window"],
  ];
  const form = { "content-type": "application/x-www-form-urlencoded" };
  for (const [method, path] of paths) {
    for (const origin of [PAGE, "null", stack.apiUrl]) {
      const answer = await send(
        simulator.url + path,
        { ...form, origin },
        { method, body: "action=deposit" },
      );
      assert.equal(answer.status, 403, `${path} ${origin}`);
    }
  }
  for (const path of ["/__simulator/books", "/my/payment-logs", "/v1/x"]) {
    const answer = await send(simulator.url + path, { host: "evil.example" });
    assert.equal(answer.status, 403, path);
  }
  const own = { ...form, origin: simulator.url };
  const body = { method: "POST", body: "action=deposit" };
  const answer = await send(`${simulator.url}/billing-window`, own, body);
  assert.notEqual(answer.status, 403);
  const books = await send(`${simulator.url}/__simulator/books`, {});
  assert.equal(books.status, 200);
});
