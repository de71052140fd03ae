import assert from "node:assert/strict";
import type { Shop } from "../shop.ts";
import type { Scene } from "./scene.ts";

interface OutboxRow {
  event_type: string;
  payload: { verified: boolean; verifiedBy: string | null; body: unknown };
}

async function outboxRows(
  { stack }: Shop,
  subject: string,
): Promise<OutboxRow[]> {
  return [
    ...await stack.sql<OutboxRow[]>`
      select event_type, payload from public.outbox_events where subject = ${subject}`,
  ];
}

/** Events that change nothing here: kept, and handed on once with what is known of their sender. */
export const recordScene: Scene = {
  async first({ name, shop, send }) {
    const entityId = crypto.randomUUID();
    const sent = await send({ ENTITY_ID: entityId });
    assert.equal(sent.status, "processed");
    const [row] = await outboxRows(shop, entityId);
    assert.equal(row?.event_type, name);
    assert.equal(row.payload.verified, false);
    assert.match(JSON.stringify(row.payload.body), new RegExp(entityId));
  },

  async duplicate({ shop, send }) {
    const entityId = crypto.randomUUID();
    const transmissionId = crypto.randomUUID();
    await send({ ENTITY_ID: entityId }, { transmissionId });
    const repeat = await send({ ENTITY_ID: entityId }, { transmissionId });
    assert.equal(repeat.deliveries, 2);
    await shop.stack.sql`
      select public.record_webhook_event(jsonb_build_object('eventId', ${repeat.eventId}::text))`;
    assert.equal((await outboxRows(shop, entityId)).length, 1);
  },

  async late({ shop, send }) {
    const entityId = crypto.randomUUID();
    const sent = await send({ ENTITY_ID: entityId }, { retriedCount: 7 });
    assert.equal(sent.status, "processed");
    assert.equal((await outboxRows(shop, entityId)).length, 1);
  },

  async forged({ shop, send }) {
    const entityId = crypto.randomUUID();
    const sent = await send({ ENTITY_ID: entityId });
    // Nothing tells it from a true one but the signature, which is why the row says so.
    assert.equal(sent.verifiedBy, null);
    const [row] = await outboxRows(shop, entityId);
    assert.equal(row?.payload.verified, false);
    assert.equal(row.payload.verifiedBy, null);
  },

  async outOfOrder({ shop, send }) {
    const [later, earlier] = [crypto.randomUUID(), crypto.randomUUID()];
    await send({ ENTITY_ID: later });
    await send({ ENTITY_ID: earlier });
    assert.equal((await outboxRows(shop, later)).length, 1);
    assert.equal((await outboxRows(shop, earlier)).length, 1);
  },
};
