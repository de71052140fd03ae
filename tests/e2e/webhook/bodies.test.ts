import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import { buy } from "../../support/buy.ts";
import { webhookRows } from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";

const test = shopTests();

const KIBIBYTE = 1024;

/** The bytes of a delivery as they came, opened with the project's key. */
async function rawBody({ stack }: Shop, eventId: string): Promise<string> {
  const [row] = await stack.sql<
    { key_id: string; ciphertext: Uint8Array; dedupe_key: string }[]
  >`
    select b.key_id, b.ciphertext, e.dedupe_key
    from toss_private.webhook_bodies as b
    join public.webhook_events as e on e.id = b.webhook_event_id
    where e.id = ${eventId}`;
  assert.ok(row, "there is no raw body");
  const keys = stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "";
  const ciphertext = Buffer.from(row.ciphertext).toString("base64");
  const encrypted = { keyId: row.key_id, ciphertext };
  const compressed = await createKeyring(keys)
    .decryptBytes(encrypted, row.dedupe_key);
  return inflateSync(compressed).toString();
}

for (const size of [20 * KIBIBYTE, 32 * KIBIBYTE]) {
  test(`webhook stores a body of ${size / KIBIBYTE} KiB, and its bytes can be read again`, async (shop) => {
    const { orderId, paymentKey } = await buy(shop);
    await settleWebhooks(shop);
    const event = statusChanged({ orderId, paymentKey, status: "DONE" });
    // White space counts: what is stored must be the bytes, not the JSON.
    const head = `${JSON.stringify({ ...event, memo: "메모" })}\n`;
    const sent = head + " ".repeat(size - Buffer.byteLength(head));

    const { status, body } = await deliverWebhook(shop, sent);
    await settleWebhooks(shop);

    assert.equal(status, 200);
    assert.ok((await rawBody(shop, String(body.eventId))) === sent);
    const rows = await webhookRows(shop, orderId);
    assert.equal(rows.at(-1)?.status, "processed");
  });
}

test("webhook keeps every character of a large body whose values are odd", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  const odd = '\u0000\ud800\\"🔑='.repeat(KIBIBYTE);
  const event = statusChanged({ orderId, paymentKey, status: "DONE" });
  const sent = JSON.stringify({ ...event, odd });
  assert.ok(Buffer.byteLength(sent) < 32 * KIBIBYTE);
  assert.ok(Buffer.byteLength(sent) > 16 * KIBIBYTE);

  const { status, body } = await deliverWebhook(shop, sent);

  assert.equal(status, 200);
  assert.ok((await rawBody(shop, String(body.eventId))) === sent);
});
