import assert from "node:assert/strict";
import postgres from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { placeOrder } from "../../support/buy.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({}, assertInvariantsHold);

function delivery(orderId: string, changes: Record<string, unknown> = {}) {
  return {
    dedupeKey: `id:${orderId}`,
    eventType: "PAYMENT_STATUS_CHANGED",
    orderId,
    payload: {},
    keyId: "k",
    ciphertext: "eA==",
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 60,
    ...changes,
  };
}

/** Resolves when so many sessions wait for a lock. */
async function waiting({ stack }: Shop, count: number): Promise<void> {
  await eventually(`${count} wait for a lock`, async () => {
    const [row] = await stack.sql<{ count: number }[]>`
      select count(*)::int from pg_stat_activity
      where wait_event_type = 'Lock' and query like '%receive_webhook_event%'`;
    return row?.count === count;
  });
}

test("two deliveries under one transmission id come one after the other, whatever each needs of its subject", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const holder = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    const held = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const holding = holder.begin(async (sql) => {
      await sql`select toss_private.lock_webhook_subject(${orderId})`;
      held.resolve();
      await end.promise;
    });
    await held.promise;
    const unsigned = callSql(
      shop.stack.sql,
      "receive_webhook_event",
      delivery(orderId),
    );
    await waiting(shop, 1);
    const signed = callSql(
      shop.stack.sql,
      "receive_webhook_event",
      delivery(orderId, { verifiedBy: "toss-v1" }),
    );
    await waiting(shop, 2);
    end.resolve();
    await holding;

    const answers = await Promise.all([unsigned, signed]);
    assert.deepEqual(
      answers.map(({ isDuplicate }) => isDuplicate),
      [false, true],
      JSON.stringify(answers),
    );
  } finally {
    await holder.end();
  }
});
