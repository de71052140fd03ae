import assert from "node:assert/strict";
import type { SignatureScheme } from "../../../supabase/functions/_shared/config/config.ts";
import { configuredWebhook } from "../../support/configured-webhook.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signatureHeaders } from "../../support/sign-webhook.ts";
import { eventRow, fixture } from "../../support/webhook-scenes/scene.ts";

const test = shopTests();

const SECURITY_KEY = "9a1f".repeat(16);
const RELAY_KEY = "secret-of-the-relay";

/** Every scheme with the variable and the value that turn it on. */
const SCHEMES: [SignatureScheme, Record<string, string>, string][] = [
  ["toss-v1", { TOSS_SECURITY_KEY: SECURITY_KEY }, SECURITY_KEY],
  ["sha512-hex-body", { TOSS_WEBHOOK_SECRET: RELAY_KEY }, RELAY_KEY],
  ["sha256-hex-body-time", {}, ""],
  ["sha256-hex-body", {
    TOSS_WEBHOOK_SECRET: `newer-secret-of-it,${RELAY_KEY}`,
  }, RELAY_KEY],
  ["sha256-base64-body", { TOSS_WEBHOOK_SECRET: RELAY_KEY }, RELAY_KEY],
];

/** A body that nobody has sent before. */
const payout = (entityId = crypto.randomUUID()) =>
  JSON.stringify(fixture("payout.changed", { ENTITY_ID: entityId }));
const customer = () =>
  JSON.stringify(
    fixture("CUSTOMER_STATUS_CHANGED", { ENTITY_ID: crypto.randomUUID() }),
  );

async function countEvents({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from public.webhook_events`;
  assert.ok(row);
  return row.count;
}

async function finishedRow(shop: Shop, eventId: unknown) {
  await eventually("the event is worked off", async () => {
    const { status } = await eventRow(shop, String(eventId));
    return status === "processed" || status === "ignored";
  });
  return await eventRow(shop, String(eventId));
}

for (const [scheme, variables, givenKey] of SCHEMES) {
  const active = { WEBHOOK_SIGNATURE_SCHEMES: scheme, ...variables };

  test(`webhook with ${scheme} stores what is signed right and says so`, async (shop) => {
    const key = givenKey || shop.simulator.secretKey;
    const send = configuredWebhook(shop, active);
    const entityId = crypto.randomUUID();
    const body = payout(entityId);
    const headers = await signatureHeaders({ scheme, body, key });

    const answer = await send({ body, headers });

    assert.equal(answer.status, 200);
    const { verifiedBy } = await finishedRow(shop, answer.body.eventId);
    assert.equal(verifiedBy, scheme);
    const [row] = await shop.stack.sql`
      select payload ->> 'verified' as verified from public.outbox_events where subject = ${entityId}`;
    assert.deepEqual(row, { verified: "true" });
  });

  test(`webhook with ${scheme} answers 401 to a wrong signature and stores nothing`, async (shop) => {
    const send = configuredWebhook(shop, active);
    const before = await countEvents(shop);
    for (const body of [payout(), customer(), "no json"]) {
      const headers = await signatureHeaders({ scheme, body, key: "wrong" });
      const answer = await send({ body, headers });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.code, "invalid_signature");
    }
    assert.equal(await countEvents(shop), before);
  });

  test(`webhook with ${scheme} takes an unsigned event for unverified, or refuses it when signatures are required`, async (shop) => {
    const tolerant = configuredWebhook(shop, active);
    const answer = await tolerant({ body: customer() });
    assert.equal(answer.status, 200);
    const row = await finishedRow(shop, answer.body.eventId);
    assert.deepEqual([row.status, row.verifiedBy], ["ignored", null]);

    const before = await countEvents(shop);
    const required = { ...active, WEBHOOK_REQUIRE_SIGNATURE: "1" };
    const strict = await configuredWebhook(shop, required)({
      body: customer(),
    });
    assert.equal(strict.status, 401);
    assert.equal(strict.body.code, "invalid_signature");
    assert.equal(await countEvents(shop), before);
  });
}

for (const name of ["payout.changed", "seller.changed"]) {
  const unsigned = (entityId: string) =>
    JSON.stringify(fixture(name, { ENTITY_ID: entityId }));

  test(`webhook refuses an unsigned ${name} once the security key is known, and stores nothing`, async (shop) => {
    const send = configuredWebhook(shop, { TOSS_SECURITY_KEY: SECURITY_KEY });
    const before = await countEvents(shop);
    const relayed = `{"event":${JSON.stringify(name)},"data":{"id":"1"}}`;
    for (const body of [unsigned("entity"), relayed]) {
      const answer = await send({ body });
      assert.deepEqual(
        [answer.status, answer.body.code],
        [401, "invalid_signature"],
      );
    }
    assert.equal(await countEvents(shop), before);
  });

  test(`webhook stores an unsigned ${name} without the key for reading only`, async (shop) => {
    const entityId = crypto.randomUUID();
    const send = configuredWebhook(shop, { TOSS_SECURITY_KEY: "" });
    const answer = await send({ body: unsigned(entityId) });
    assert.equal(answer.status, 200);
    const row = await finishedRow(shop, answer.body.eventId);
    assert.deepEqual(
      [row.status, row.reason],
      ["ignored", "nothing proves who sent it"],
    );
    const [{ count } = { count: 1 }] = await shop.stack.sql<
      { count: number }[]
    >`
      select count(*)::int from public.outbox_events where subject = ${entityId}`;
    assert.equal(count, 0);
  });
}

test("webhook takes what a relay has signed for proven, whatever Toss signs itself", async (shop) => {
  const scheme = "sha512-hex-body";
  const send = configuredWebhook(shop, {
    TOSS_SECURITY_KEY: SECURITY_KEY,
    TOSS_WEBHOOK_SECRET: RELAY_KEY,
    WEBHOOK_SIGNATURE_SCHEMES: `toss-v1,${scheme}`,
  });
  const body = payout();
  const headers = await signatureHeaders({ scheme, body, key: RELAY_KEY });
  const answer = await send({ body, headers });
  assert.equal(answer.status, 200);
  const { verifiedBy } = await finishedRow(shop, answer.body.eventId);
  assert.equal(verifiedBy, scheme);
});

test("webhook lets nobody take a signed event's place with its transmission id", async (shop) => {
  const send = configuredWebhook(shop, { TOSS_SECURITY_KEY: SECURITY_KEY });
  const transmission = {
    "tosspayments-webhook-transmission-id": crypto.randomUUID(),
  };
  await send({ body: customer(), headers: transmission });
  const body = payout();
  const signed = await signatureHeaders({
    scheme: "toss-v1",
    body,
    key: SECURITY_KEY,
  });

  const answer = await send({ body, headers: { ...signed, ...transmission } });

  assert.equal(answer.body.duplicate, false);
  const { verifiedBy } = await finishedRow(shop, answer.body.eventId);
  assert.equal(verifiedBy, "toss-v1");
});

test("webhook names the variable that a scheme lacks", async (shop) => {
  const schemes = { WEBHOOK_SIGNATURE_SCHEMES: "sha512-hex-body" };
  const { status, body } = await configuredWebhook(shop, schemes)({
    body: "{}",
  });
  assert.equal(status, 500);
  assert.equal(body.code, "not_configured");
  assert.match(String(body.message), /TOSS_WEBHOOK_SECRET/);
});

test("webhook checks size, address, token, signature and JSON in this order", async (shop) => {
  const send = configuredWebhook(shop, {
    WEBHOOK_ALLOWED_IPS: "toss",
    WEBHOOK_URL_TOKEN: "k-3f9a-9a1f-7c2e-4b",
    TOSS_SECURITY_KEY: SECURITY_KEY,
  });
  const before = await countEvents(shop);
  const address = { "cf-connecting-ip": "13.124.18.147" };
  const signature = { "tosspayments-webhook-signature": "v1:AAAA" };
  const query = "?token=k-3f9a-9a1f-7c2e-4b";
  const large = " ".repeat(256 * 1024 + 1);
  const body = "no json";
  const steps: [number, string, Parameters<typeof send>[0]][] = [
    [413, "payload_too_large", { body: large }],
    [403, "ip_not_allowed", { body, headers: signature, query }],
    [401, "unauthorized", { body, headers: { ...address, ...signature } }],
    [401, "invalid_signature", {
      body,
      headers: { ...address, ...signature },
      query,
    }],
    [400, "invalid_json", { body, headers: address, query }],
  ];
  for (const [status, code, delivery] of steps) {
    const answer = await send(delivery);
    assert.deepEqual([answer.status, answer.body.code], [status, code]);
  }
  assert.equal(await countEvents(shop), before);
  const last = await send({ body: customer(), headers: address, query });
  assert.equal(last.status, 200);
});

test("webhook reads JSON whatever the content type says", async (shop) => {
  const types = ["text/plain", "application/x-www-form-urlencoded", "x", ""];
  for (const type of types) {
    const headers: Record<string, string> = type === ""
      ? {}
      : { "content-type": type };
    const body = `\u{feff}${customer()}`;
    const { status } = await configuredWebhook(shop, {})({ body, headers });
    assert.equal(status, 200, type);
  }
});

test("webhook opened in a browser says what it is for, and nothing of the project", async (shop) => {
  const url = `${shop.stack.functionsUrl}/webhook`;
  const page = await fetch(url);
  const text = await page.text();
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type") ?? "", /^text\/plain/);
  assert.match(text, /개발자센터/);
  assert.match(text, /POST/);
  const head = await fetch(url, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const answer = await fetch(url, { method });
    assert.equal(answer.status, 405, method);
    await answer.body?.cancel();
  }
});
