import assert from "node:assert/strict";
import fc from "fast-check";
import { assertBooksAgree } from "../support/books.ts";
import { buy, startPurchase } from "../support/buy.ts";
import {
  fuzzedDeliveries,
  type FuzzedDelivery,
} from "../support/fuzz-deliveries.ts";
import { propertyRuns } from "../support/property-runs.ts";
import { openShop, type Shop } from "../support/shop.ts";
import { settleWebhooks, withoutWebhooks } from "../support/webhooks.ts";
import { moveDatabaseClock, work } from "../support/worker.ts";

/** Bodies in all; with PROPERTY_SCALE=100 they are 20,000. */
const RUNS = propertyRuns(200);

/** Sent at the same time, as a flood would be. */
const BATCH = 20;

const ANSWERS = [200, 400, 401, 413];

/** Names that the database knows, so that some deliveries reach everything behind the inbox. */
async function knownValues(shop: Shop) {
  const purchases = [
    await buy(shop),
    await buy(shop),
    await startPurchase(shop),
    await startPurchase(shop),
  ];
  return purchases.map(({ orderId, paymentKey }) => ({
    ORDER_ID: orderId,
    PAYMENT_KEY: paymentKey,
    SECRET: "ps_fuzz",
    TRANSACTION_KEY: "txrd_fuzz",
    BILLING_KEY: "billing_fuzz",
    ENTITY_ID: "entity_fuzz",
  }));
}

async function deliver(
  { stack }: Shop,
  { body, headers }: FuzzedDelivery,
): Promise<number> {
  const response = await fetch(`${stack.functionsUrl}/webhook`, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : Uint8Array.from(body),
  });
  await response.body?.cancel();
  return response.status;
}

/** Lets the worker come, minute by minute as the budgets of questions want it, until nothing waits any more. */
async function workEverythingOff(shop: Shop): Promise<void> {
  for (let round = 0; round < 500; round++) {
    const body = await work(shop, "webhooks");
    const [waiting] = await shop.stack.sql<{ none: boolean }[]>`
      select not exists (
        select from public.webhook_events where status in ('received', 'processing', 'failed')
      ) as none`;
    if (body.claimed === 0 && waiting?.none === true) return;
    await moveDatabaseClock(shop, 61);
  }
  throw new Error("the worker never came to an end");
}

Deno.test({
  name:
    `webhook answers ${RUNS} fuzzed deliveries without a 5xx, and none of them blocks the worker`,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const complaints: string[] = [];
    const shop = await openShop({
      log: (line) => {
        if (
          /unhandled rejection|background task failed|_interrupted"|internal_error/
            .test(line)
        ) {
          complaints.push(line);
        }
      },
    });
    try {
      const known = await knownValues(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      const seen: Record<number, number> = {};
      await fc.assert(
        fc.asyncProperty(
          fc.array(fuzzedDeliveries(known), {
            minLength: BATCH,
            maxLength: BATCH,
          }),
          async (deliveries) => {
            const statuses = await Promise.all(
              deliveries.map((each) => deliver(shop, each)),
            );
            for (const status of statuses) {
              seen[status] = (seen[status] ?? 0) + 1;
              assert.ok(ANSWERS.includes(status), `answered ${status}`);
            }
          },
        ),
        // Shrinking resends what is stored already, and so finds nothing smaller.
        { numRuns: Math.ceil(RUNS / BATCH), endOnFailure: true },
      );
      await settleWebhooks(shop);
      await workEverythingOff(shop);

      const rows = await shop.stack.sql<{ status: string; count: number }[]>`
        select status, count(*)::int from public.webhook_events group by status order by status`;
      console.log(
        "answers",
        seen,
        "rows",
        Object.fromEntries(rows.map(({ status, count }) => [status, count])),
      );
      const ends = rows.map(({ status }) => status);
      assert.deepEqual(
        ends.filter((status) => !["processed", "ignored"].includes(status)),
        [],
      );
      assert.ok((seen[200] ?? 0) > 0 && (seen[400] ?? 0) > 0);
      assert.deepEqual(complaints, []);
      await assertBooksAgree(shop);
    } finally {
      await shop.stack.stop();
    }
  },
});
