import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { buy } from "../support/buy.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../support/webhooks.ts";

const test = shopTests();

const BURST = 200;

/** Toss counts a webhook as failed without a 200 in 10 s (Toss: webhooks). */
const TOSS_LIMIT_MILLISECONDS = 10_000;

async function timed(shop: Shop, body: unknown): Promise<number> {
  const startedAt = performance.now();
  const { status } = await deliverWebhook(shop, body, {
    transmissionId: randomUUID(),
  });
  assert.equal(status, 200);
  return performance.now() - startedAt;
}

function percentile(sorted: number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}

test(`webhook() answers a burst of ${BURST} events far below Toss's 10 seconds`, async (shop) => {
  const bodies: unknown[] = [];
  for (let count = 0; count < 20; count++) {
    const { orderId, paymentKey } = await buy(shop);
    bodies.push(statusChanged({ orderId, paymentKey, status: "DONE" }));
  }
  await settleWebhooks(shop);

  const burst = Array.from(
    { length: BURST },
    (_, index) => timed(shop, bodies[index % bodies.length]),
  );
  const milliseconds = (await Promise.all(burst)).sort((a, b) => a - b);

  const middle = Math.round(percentile(milliseconds, 0.5));
  const slowest = Math.round(percentile(milliseconds, 0.99));
  console.log(
    `ingest: ${BURST} webhooks at once through the local stand-in of the Data ` +
      `API, p50 ${middle} ms, p99 ${slowest} ms until the 200`,
  );
  assert.ok(slowest < TOSS_LIMIT_MILLISECONDS, `p99 is ${slowest} ms`);
  const rows = await shop.stack.sql<{ count: number }[]>`
    select count(*)::integer as count from public.webhook_events
    where payload ->> 'createdAt' = '2026-11-21T11:42:34.466'`;
  assert.equal(rows[0]?.count, BURST);
});
