import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { inRollback } from "../../support/rollback.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

interface Scene {
  endpointId: string;
  orderId: string;
  /** Two deliveries of one order, in their order. */
  first: { id: string; eventId: string };
  second: { id: string; eventId: string };
}

/** An endpoint that is two hours old, and a purchase that waits for it. */
async function openScene(sql: TransactionSql): Promise<Scene> {
  const [endpoint] = await sql<{ id: string }[]>`
    with endpoint as (
      insert into public.webhook_endpoints (id, url, created_at, enabled_at)
      select gen_random_uuid(), 'https://receiver.example/', at, at
      from (select toss_private.clock_now() - interval '2 hours' as at) as t
      returning id, created_at
    )
    insert into toss_private.endpoint_secrets (id, endpoint_id, key_id, ciphertext, created_at)
    select gen_random_uuid(), id, 'key', 'ciphertext', created_at from endpoint
    returning endpoint_id as id`;
  assert.ok(endpoint);
  const [order] = await sql<{ id: string }[]>`
    select order_id as id from public.payments order by created_at desc limit 1`;
  assert.ok(order);
  for (const type of ["billing_method.created", "billing_method.deleted"]) {
    await sql`
      select toss_private.write_outbox_event(jsonb_build_object(
        'eventType', ${type}::text, 'subject', ${order.id}::text, 'payload', '{}'::jsonb
      ))`;
  }
  // Older events are from before a test's endpoint.
  await sql`
    update public.outbox_events set created_at = created_at - interval '1 day'
    where id not in (select event_id from public.webhook_deliveries)`;
  const [first, second] = await sql<{ id: string; eventId: string }[]>`
    select id, event_id as "eventId" from public.webhook_deliveries
    where endpoint_id = ${endpoint.id} order by event_sequence`;
  assert.ok(first && second);
  return { endpointId: endpoint.id, orderId: order.id, first, second };
}

const BREAKS: {
  invariant: string;
  how: string;
  subject: (scene: Scene) => string;
  harm: (sql: TransactionSql, scene: Scene) => Promise<unknown>;
}[] = [{
  invariant: "event_reaches_its_endpoints",
  how: "an event is not queued for an endpoint that wants it",
  subject: ({ first }) => first.eventId,
  harm: (sql, { first }) =>
    sql`delete from public.webhook_deliveries where id = ${first.id}`,
}, {
  invariant: "events_are_delivered_in_order",
  how: "a refund is told before its payment",
  subject: ({ second }) => second.id,
  harm: (sql, { second }) =>
    sql`
      update public.webhook_deliveries
      set status = 'delivered', next_attempt_at = null, finished_at = created_at, response_status = 200
      where id = ${second.id}`,
}, {
  invariant: "move_is_told_once",
  how: "a payment was told to nobody",
  subject: ({ orderId }) => orderId,
  harm: (sql, { orderId }) =>
    sql`delete from public.outbox_events where subject = ${orderId} and event_type = 'payment.confirmed'`,
}, {
  invariant: "move_is_told_once",
  how: "an order was told to be paid twice",
  subject: ({ orderId }) => orderId,
  harm: (sql, { orderId }) =>
    sql`
      insert into public.outbox_events (event_type, subject, payload, created_at, stream)
      select event_type, subject, payload, created_at, stream from public.outbox_events
      where subject = ${orderId} and event_type = 'order.paid'`,
}, {
  invariant: "endpoint_has_its_secret",
  how: "nothing signs what an endpoint gets",
  subject: ({ endpointId }) => endpointId,
  harm: (sql, { endpointId }) =>
    sql`delete from toss_private.endpoint_secrets where endpoint_id = ${endpointId}`,
}];

for (const { invariant, how, subject, harm } of BREAKS) {
  test(`invariant_violations() names ${invariant} when ${how}`, async (shop) => {
    await buy(shop, ONE_STICKER);
    await inRollback(shop.stack.sql, async (sql) => {
      const scene = await openScene(sql);
      const violations = () =>
        sql<{ subject: string; detail: string }[]>`
          select subject, detail from public.invariant_violations() where invariant = ${invariant}`;
      assert.deepEqual([...await violations()], []);
      await harm(sql, scene);
      const found = await violations();
      assert.deepEqual(found.map((row) => row.subject), [subject(scene)]);
      assert.ok(found[0]?.detail);
    });
  });
}

test("every rule of delivery_violations() is broken by a test", async (shop) => {
  const [row] = await shop.stack.sql<{ text: string }[]>`
    select pg_get_functiondef('toss_private.delivery_violations'::regproc) as text`;
  const rules = row?.text.matchAll(/^\s*select '([a-z_]+)',/gm) ?? [];
  assert.deepEqual(
    [...rules].map(([, name]) => name).sort(),
    [...new Set(BREAKS.map(({ invariant }) => invariant))].sort(),
  );
});

test("a delivery without its event, or delivered without a 2xx, cannot be written", async (shop) => {
  await buy(shop, ONE_STICKER);
  for (
    const [change, constraint] of [
      [
        "event_id = gen_random_uuid()",
        "webhook_deliveries_event_id_fkey",
      ],
      [
        "status = 'delivered', next_attempt_at = null, finished_at = created_at, response_status = 302",
        "webhook_deliveries_delivered_was_answered",
      ],
      [
        "status = 'delivered', next_attempt_at = null, finished_at = created_at",
        "webhook_deliveries_delivered_was_answered",
      ],
      ["next_attempt_at = null", "webhook_deliveries_pending_is_due"],
    ] as const
  ) {
    await inRollback(shop.stack.sql, async (sql) => {
      const { first } = await openScene(sql);
      await assert.rejects(
        sql.savepoint((inner) =>
          inner.unsafe(
            `update public.webhook_deliveries set ${change} where id = '${first.id}'`,
          )
        ),
        { constraint_name: constraint },
      );
    });
  }
});
