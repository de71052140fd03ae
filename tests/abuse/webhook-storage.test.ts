import assert from "node:assert/strict";
import { createServices } from "../../supabase/functions/_shared/services.ts";
import { storeDelivery } from "../../supabase/functions/_shared/webhooks/receive.ts";
import { buy, placeOrder, type Purchase } from "../support/buy.ts";
import { callFunction } from "../support/call-function.ts";
import { orderRow } from "../support/database.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { depositCallback } from "../support/virtual-account.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../support/webhooks.ts";
import { moveDatabaseClock, queriesSince, work } from "../support/worker.ts";
import { propertyRuns } from "../support/property-runs.ts";

const test = shopTests();

const EVENTS = propertyRuns(2_000);
/** The rest is stored as the function stores it, without the way through the gateway. */
const EVENTS_OVER_HTTP = propertyRuns(125);
const BOUND_BYTES = 5_000_000;
const SENDERS = 20;
const DAY_SECONDS = 86_400;

/** Somebody who knows an order and a paid payment of their own, and fills each body up to the limit. */
function forgery(index: number, orderId: string, paid: Purchase): unknown {
  const invented = crypto.randomUUID();
  const padding = "x".repeat(index % 3 === 0 ? 30_000 : 200);
  const kinds = [
    statusChanged({ orderId, paymentKey: invented, padding }),
    statusChanged({ orderId, nonce: invented, padding }),
    statusChanged({ ...paid, nonce: invented, padding }),
    statusChanged({ orderId: `nobody-${index}`, paymentKey: invented }),
    {
      ...depositCallback({ orderId, secret: `ps_${invented}` }, "DONE"),
      padding,
    },
    { eventType: `UNKNOWN_${invented}`, data: { padding } },
    { eventType: "BILLING_DELETED", data: { billingKey: invented, padding } },
    { eventType: "payout.changed", entityBody: { id: invented, padding } },
  ];
  return kinds[index % kinds.length];
}

/** What the function does with a delivery before its answer; nobody looks into the event afterwards. */
function directStore({ stack }: Shop): (body: unknown) => Promise<void> {
  const built = createServices({
    environment: {
      ...stack.projectVariables,
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ k: stack.publishableKey }),
      SUPABASE_SECRET_KEYS: JSON.stringify({ k: stack.secretKey }),
    },
    fetch,
  });
  assert.ok(built.ok);
  const { services } = built;
  return async (body) => {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const delivery = { headers: new Headers(), body: bytes, provenBy: null };
    await storeDelivery(delivery, services);
  };
}

async function bytesOfInbox({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ bytes: number }[]>`
    select (pg_total_relation_size('public.webhook_events')
      + pg_total_relation_size('toss_private.webhook_bodies')
      + pg_total_relation_size('public.outbox_events'))::int as bytes`;
  return row?.bytes ?? 0;
}

async function unproven({ stack }: Shop) {
  const [row] = await stack.sql<{ rows: number; deliveries: number }[]>`
    select count(*)::int as rows, coalesce(sum(delivery_count), 0)::int as deliveries
    from public.webhook_events where status = 'ignored' and verified_by is null`;
  return row ?? { rows: 0, deliveries: 0 };
}

test("webhook takes 32 KiB and not a byte more", async (shop) => {
  const body = JSON.stringify({ eventType: "X", data: {} });
  const answer = async (size: number) => {
    const { status } = await callFunction(shop, "webhook", {
      body: body + " ".repeat(size - body.length),
    });
    return status;
  };
  assert.equal(await answer(32 * 1024), 200);
  assert.equal(await answer(32 * 1024 + 1), 413);
});

test("what is ignored on arrival leaves no raw body, and a long one no copy", async (shop) => {
  const padding = "y".repeat(20_000);
  const { body } = await deliverWebhook(shop, {
    eventType: "UNKNOWN_LONG",
    createdAt: "2026-11-26T12:00:00+09:00",
    data: { padding },
  });
  const [row] = await shop.stack.sql<
    { bodies: number; payload: Record<string, unknown> }[]
  >`
    select e.payload, (select count(*)::int from toss_private.webhook_bodies as b where b.webhook_event_id = e.id) as bodies
    from public.webhook_events as e where e.id = ${String(body.eventId)}`;

  assert.equal(row?.bodies, 0);
  assert.equal(row?.payload.eventType, "UNKNOWN_LONG");
  assert.equal(row?.payload.shortened, true);
  assert.equal(Object.hasOwn(row?.payload ?? {}, "data"), false);
});

/** Every delivery is counted somewhere. */
async function deliveries({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select coalesce(sum(delivery_count), 0)::int as count from public.webhook_events`;
  return row?.count ?? 0;
}

test(`${EVENTS} forged events cost less than ${BOUND_BYTES / 1e6} MB, and are gone after a week`, async (shop) => {
  withoutWebhooks(shop);
  const order = await placeOrder(shop);
  const paid = await buy(shop);
  const before = await bytesOfInbox(shop);
  const counted = await deliveries(shop);
  const asked = shop.simulator.requests().length;

  const store = directStore(shop);
  let next = 0;
  await Promise.all(Array.from({ length: SENDERS }, async () => {
    while (next < EVENTS) {
      const index = next++;
      const body = forgery(index, order.orderId, paid);
      if (index >= EVENTS_OVER_HTTP) await store(body);
      else assert.equal((await deliverWebhook(shop, body)).status, 200);
    }
  }));
  await settleWebhooks(shop);
  const cost = await bytesOfInbox(shop) - before;
  const left = await unproven(shop);
  const alerts = await shop.stack.sql`
    select from public.alerts where alert = 'webhook_flood'`;
  console.log(
    `${EVENTS} events: ${
      (cost / 1e6).toFixed(2)
    } MB, ${left.rows} rows for ${left.deliveries} deliveries, ` +
      `${queriesSince(shop, asked).length} questions`,
  );
  assert.ok(cost < BOUND_BYTES, `${cost} bytes`);
  assert.equal(await deliveries(shop) - counted, EVENTS);
  assert.equal(alerts.length, 1);

  for (let round = 0; round < 5; round++) {
    await moveDatabaseClock(shop, 120);
    await work(shop, "webhooks");
  }
  await moveDatabaseClock(shop, 8 * DAY_SECONDS);
  await work(shop, "housekeeping");
  assert.deepEqual(await unproven(shop), { rows: 0, deliveries: 0 });
  assert.equal((await orderRow(shop, paid.orderId)).status, "paid");
});
