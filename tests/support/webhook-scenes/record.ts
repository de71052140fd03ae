import assert from "node:assert/strict";
import { configuredWebhook } from "../configured-webhook.ts";
import { eventually } from "../eventually.ts";
import type { Shop } from "../shop.ts";
import { signatureHeaders } from "../sign-webhook.ts";
import {
  eventRow,
  type EventUnderTest,
  fixture,
  type Scene,
  type SentEvent,
} from "./scene.ts";

const KEY = "9a1f".repeat(16);
const LATE = "was signed too long ago to be new";
const UNPROVEN = "nothing proves who sent it";

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

/** Delivers the event as somebody who knows the security key, and waits until it is worked off. */
async function sendSigned(
  { name, shop }: EventUnderTest,
  entityId: string,
  headers: Record<string, string> = {},
  signedAt = new Date(),
): Promise<SentEvent> {
  const body = JSON.stringify(fixture(name, { ENTITY_ID: entityId }));
  const signature = await signatureHeaders({
    scheme: "toss-v1",
    body,
    key: KEY,
    signedAt,
  });
  const send = configuredWebhook(shop, { TOSS_SECURITY_KEY: KEY });
  const answer = await send({ body, headers: { ...signature, ...headers } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const eventId = String(answer.body.eventId);
  await eventually("the event is worked off", async () => {
    const { status } = await eventRow(shop, eventId);
    return status === "processed" || status === "ignored";
  });
  const isDuplicate = answer.body.duplicate === true;
  return { ...await eventRow(shop, eventId), eventId, isDuplicate };
}

/** Delivers the event long after it was signed, as one of Toss's repeats. */
async function sendLate(
  event: EventUnderTest,
  { repeats = 0, minutes = 0 }: { repeats?: number; minutes?: number },
) {
  const entityId = crypto.randomUUID();
  const sent = await sendSigned(
    event,
    entityId,
    { "tosspayments-webhook-transmission-retried-count": String(repeats) },
    new Date(Date.now() - minutes * 60_000),
  );
  const handedOn = (await outboxRows(event.shop, entityId)).length;
  return { ...sent, handedOn };
}

/** Events that change nothing here: kept, and handed on once when somebody stands behind them. */
export const recordScene: Scene = {
  async first(event) {
    const entityId = crypto.randomUUID();
    const sent = await sendSigned(event, entityId);
    assert.equal(sent.status, "processed");
    const [row] = await outboxRows(event.shop, entityId);
    assert.equal(row?.event_type, event.name);
    assert.deepEqual(
      [row.payload.verified, row.payload.verifiedBy],
      [true, "toss-v1"],
    );
    assert.match(JSON.stringify(row.payload.body), new RegExp(entityId));
  },

  async duplicate(event) {
    const entityId = crypto.randomUUID();
    await sendSigned(event, entityId);
    const repeat = await sendSigned(event, entityId);
    assert.equal(repeat.deliveries, 2);
    await event.shop.stack.sql`
      select public.record_webhook_event(jsonb_build_object('eventId', ${repeat.eventId}::text))`;
    assert.equal((await outboxRows(event.shop, entityId)).length, 1);
  },

  async late(event) {
    // Toss repeats after 1, 4, 16 … minutes, and may sign a repeat anew or not.
    for (
      const [repeats = 0, minutes = 0] of [[0, 14], [1, 15], [3, 35], [
        7,
        5_475,
      ]]
    ) {
      const sent = await sendLate(event, { repeats, minutes });
      assert.equal(sent.status, "processed", `${repeats}, ${minutes} min`);
      assert.equal(sent.handedOn, 1);
    }
    for (
      const [repeats = 0, minutes = 0] of [[0, 16], [3, 37], [7, 5_477], [
        9,
        9_000,
      ]]
    ) {
      const sent = await sendLate(event, { repeats, minutes });
      assert.deepEqual(
        [sent.status, sent.reason, sent.verifiedBy, sent.handedOn],
        ["ignored", LATE, "toss-v1", 0],
        `${repeats}, ${minutes} min`,
      );
    }
  },

  async forged({ shop, send }) {
    const entityId = crypto.randomUUID();
    const sent = await send({ ENTITY_ID: entityId });
    // Nothing tells it from a true one but the signature, so it is stored for reading and goes nowhere.
    assert.deepEqual(
      [sent.status, sent.reason, sent.verifiedBy],
      ["ignored", UNPROVEN, null],
    );
    assert.deepEqual(await outboxRows(shop, entityId), []);
  },

  async outOfOrder(event) {
    const [later, earlier] = [crypto.randomUUID(), crypto.randomUUID()];
    await sendSigned(event, later);
    await sendSigned(event, earlier);
    assert.equal((await outboxRows(event.shop, later)).length, 1);
    assert.equal((await outboxRows(event.shop, earlier)).length, 1);
  },
};
