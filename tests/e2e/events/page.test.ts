import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { addEndpoint, manage } from "../../support/receiver.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { callSql } from "../../support/answers.ts";
import { deliverWebhook, settleWebhooks } from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";

const test = shopTests({
  environment: { WEBHOOK_ALLOW_PRIVATE: "on" },
  webPort: 0,
});

/** Sends what waits for an endpoint; a run that a move has woken may be sending beside this one. */
async function delivered(shop: Shop, endpointId: string): Promise<void> {
  await eventually("an endpoint has everything", async () => {
    await work(shop, "outbox");
    const rows = await shop.stack.sql`
      select from public.webhook_deliveries
      where endpoint_id = ${endpointId} and status = 'pending' limit 1`;
    return rows.length === 0;
  });
}

test("the page of dev takes events and shows them", async (shop) => {
  const page = `${shop.stack.webUrl}/events`;
  const { id } = await addEndpoint(shop, page);
  const { orderId } = await buy(shop, ONE_STICKER);
  await delivered(shop, id);
  const shown = await (await fetch(page)).text();
  assert.match(shown, /order\.paid/);
  assert.ok(shown.includes(orderId));
  await manage(shop, { action: "disable", id });
});

test("what strangers call an event of ours is told to nobody under our name", async (shop) => {
  const page = `${shop.stack.webUrl}/events`;
  const { id } = await addEndpoint(shop, page);
  for (const eventType of ["order.paid", "METHOD_UPDATED", "payout.changed"]) {
    await deliverWebhook(shop, {
      eventType,
      entityBody: { id: "forged" },
      data: { customerKey: "forged", orderId: "forged_order" },
    });
  }
  await settleWebhooks(shop);
  await work(shop, "webhooks");
  await work(shop, "outbox");
  const rows = await shop.stack.sql`
    select 1 from public.webhook_deliveries where endpoint_id = ${id}`;
  assert.equal(rows.length, 0);
  await manage(shop, { action: "disable", id });
});

test("a report that only passes through is told under a name of its own, and only when it was proven", async (shop) => {
  const outward = async (payload: Record<string, unknown>) => {
    const [row] = await shop.stack.sql<{ type: string | null }[]>`
      select toss_private.outward_type(v) as type from jsonb_populate_record(null::public.outbox_events, ${
      shop.stack.sql.json({
        event_type: "order.paid",
        webhook_event_id: crypto.randomUUID(),
        payload: payload as never,
      })
    }) as v`;
    return row?.type;
  };
  assert.equal(await outward({ body: {}, verified: true }), "toss.order.paid");
  assert.equal(await outward({ body: {}, verified: false }), null);
  assert.equal(await outward({ billingMethodId: "b" }), "order.paid");
});

test("housekeeping removes old deliveries and events, keeps what waits, and tells no refund again", async (shop) => {
  const { sql } = shop.stack;
  const page = `${shop.stack.webUrl}/events`;
  const { id } = await addEndpoint(shop, page);
  await buy(shop, ONE_STICKER);
  await delivered(shop, id);
  const counts = async () => {
    const [row] = await sql<{ events: number; deliveries: number }[]>`
      select (select count(*)::int from public.outbox_events) as events,
        (select count(*)::int from public.webhook_deliveries where endpoint_id = ${id}) as deliveries`;
    assert.ok(row);
    return { ...row };
  };
  const before = await counts();
  assert.ok(before.deliveries >= 2);
  await advance(shop, 31 * 24 * 3600);
  await callSql(sql, "run_housekeeping", {});
  assert.deepEqual(await counts(), { events: before.events, deliveries: 0 });

  // One that waits for a receiver keeps its event.
  await manage(shop, { action: "test", id });
  await delivered(shop, id);
  await manage(shop, { action: "disable", id });
  await sql`
    update public.webhook_deliveries set status = 'pending', next_attempt_at = created_at, finished_at = null
    where endpoint_id = ${id}`;
  await advance(shop, 29 * 24 * 3600);
  await callSql(sql, "run_housekeeping", {});
  assert.equal((await counts()).deliveries, 1);
  await advance(shop, 62 * 24 * 3600);
  await callSql(sql, "run_housekeeping", {});
  const [row] = await sql<{ status: string; error: string }[]>`
    select status, last_error as error from public.webhook_deliveries where endpoint_id = ${id}`;
  assert.deepEqual({ ...row }, {
    status: "failed",
    error: "the endpoint stayed disabled",
  });
  await advance(shop, 31 * 24 * 3600);
  await callSql(sql, "run_housekeeping", {});
  assert.deepEqual(await counts(), { events: 0, deliveries: 0 });
});
