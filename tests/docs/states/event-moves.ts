import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { inRollback } from "../../support/rollback.ts";
import { clock } from "./moves.ts";

/** An inbox row, and the lease under which it may be ended. */
interface Row {
  eventId: string;
  orderId: string;
  leaseToken: string;
}

type Step = (sql: TransactionSql, row: Row) => Promise<unknown>;

const LEASE_SECONDS = 60;
const MAXIMUM_ATTEMPTS = 12;

function delivery(row: Row, dedupeKey: string) {
  return {
    dedupeKey,
    eventType: "PAYMENT_STATUS_CHANGED",
    orderId: row.orderId,
    payload: {},
    keyId: "k",
    ciphertext: "x",
    leaseToken: crypto.randomUUID(),
    leaseSeconds: LEASE_SECONDS,
  };
}

async function receive(sql: TransactionSql, row: Row, dedupeKey: string) {
  const request = delivery(row, dedupeKey);
  const { eventId } = await callSql(sql, "receive_webhook_event", request);
  return { eventId: String(eventId), leaseToken: request.leaseToken };
}

async function placeOrder(sql: TransactionSql): Promise<string> {
  await sql`
    insert into public.products (id, name, price, stock)
    values ('states', 'x', 3000, 10)`;
  const { orderId } = await callSql(sql, "create_order", {
    requestId: crypto.randomUUID(),
    userId: null,
    items: [{ productId: "states", quantity: 1 }],
    timeToLiveSeconds: 3600,
    mode: "test",
  });
  return String(orderId);
}

/** Ends an event that is in processing under the row's lease. */
const finish =
  (status: string, changes: Record<string, unknown> = {}): Step =>
  async (sql, { eventId, leaseToken }) =>
    await callSql(sql, "finish_webhook_event", {
      eventId,
      leaseToken,
      status,
      reason: "test",
      askedAt: await clock(sql),
      leaseSeconds: LEASE_SECONDS,
      retryAfterSeconds: 0,
      maximumAttempts: MAXIMUM_ATTEMPTS,
      ...changes,
    });

const giveUp = finish("failed", { maximumAttempts: 0 });

/** Another event of the same payment is ended with an answer to a question asked now. */
const endAnother: Step = async (sql, row) => {
  const other = { ...row, ...await receive(sql, row, "another") };
  // The newest of a subject may already be somebody's; then it waits, and is taken by hand.
  await sql`
    update public.webhook_events
    set status = 'processing', lease_token = ${other.leaseToken},
      lease_expires_at = toss_private.clock_now() + interval '1 minute'
    where id = ${other.eventId} and status = 'received'`;
  await finish("processed")(sql, other);
};

/** What can happen to an inbox row, by its name in docs/states.md. */
const EVENTS: Record<string, Step> = {
  "delivered again": async (sql, row) => await receive(sql, row, "first"),
  "taken by the worker, when due": (sql) =>
    callSql(sql, "claim_webhook_events", {
      limit: 500,
      leaseToken: crypto.randomUUID(),
      leaseSeconds: LEASE_SECONDS,
    }),
  "Toss's answer applied": finish("processed"),
  "nothing to do": finish("ignored"),
  "no proof": finish("failed"),
  "no proof, last try": giveUp,
  "another event's answer covers it": endAnother,
  "replayed": (sql, { eventId }) =>
    callSql(sql, "replay_webhook_events", { eventId }),
};

/** How a row that is in processing gets into each state. */
const BEGINNINGS: Record<string, Step> = {
  received: async (sql, row) => {
    await finish("failed")(sql, row);
    await callSql(sql, "replay_webhook_events", { eventId: row.eventId });
  },
  processing: () => Promise.resolve(),
  processed: finish("processed"),
  ignored: finish("ignored"),
  failed: finish("failed"),
  dead: giveUp,
};

async function statusOf(
  sql: TransactionSql,
  { eventId }: Row,
): Promise<string> {
  const [found] = await sql<{ status: string }[]>`
    select status from public.webhook_events where id = ${eventId}`;
  return found?.status ?? "gone";
}

async function play(sql: TransactionSql, reach: Step, happen: Step) {
  const orderId = await placeOrder(sql);
  const blank = { eventId: "", orderId, leaseToken: "" };
  const row = { ...blank, ...await receive(sql, blank, "first") };
  assert.equal(await statusOf(sql, row), "processing");
  await reach(sql, row);
  await happen(sql, row);
  return await statusOf(sql, row);
}

/** What every event makes of every status: rows by event, then columns by status. */
export async function observeEvents(
  sql: Sql,
): Promise<Record<string, Record<string, string>>> {
  const table: Record<string, Record<string, string>> = {};
  for (const [event, happen] of Object.entries(EVENTS)) {
    const row: Record<string, string> = {};
    for (const [status, reach] of Object.entries(BEGINNINGS)) {
      row[status] = await inRollback(
        sql,
        (transaction) => play(transaction, reach, happen),
      );
    }
    table[event] = row;
  }
  return table;
}
