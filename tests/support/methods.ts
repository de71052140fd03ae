import assert from "node:assert/strict";
import { callSql } from "./answers.ts";
import { type Connection, leasing } from "./subscriber.ts";

/** A card that the user registers, with what follows from it; answers its id. */
export async function registerMethod(
  sql: Connection,
  userId: string,
): Promise<string> {
  const [row] = await sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${userId}`;
  const operationId = crypto.randomUUID();
  const digest = crypto.randomUUID().replaceAll("-", "").padEnd(64, "0");
  const lease = leasing();
  await callSql(sql, "begin_billing_issue", {
    operationId,
    userId,
    customerKey: row?.customer_key,
    authKeyDigest: digest,
    keyId: "k1",
    ciphertext: "authKey",
    ...lease,
  });
  const billingMethodId = crypto.randomUUID();
  const answer = await callSql(sql, "finish_billing_issue", {
    operationId,
    billingMethodId,
    keyDigest: digest,
    keyId: "k1",
    ciphertext: `ciphertext of ${billingMethodId}`,
    method: "CARD",
    chargeLeaseToken: crypto.randomUUID(),
    ...lease,
  });
  assert.equal(answer.outcome, "issued", JSON.stringify(answer));
  return billingMethodId;
}

/** The user removes a card. */
export function removeMethod(
  sql: Connection,
  userId: string,
  billingMethodId: string,
) {
  return callSql(sql, "begin_billing_delete", {
    billingMethodId,
    userId,
    ...leasing(),
  });
}

/** Toss says that the key of a card is gone. */
export async function removeMethodAtToss(
  sql: Connection,
  billingMethodId: string,
) {
  const eventId = crypto.randomUUID();
  await sql`
    insert into public.webhook_events
      (id, event_type, payload, dedupe_key, next_attempt_at, received_at, created_at, status)
    values (${eventId}, 'BILLING_DELETED', '{}', ${eventId}, now(), now(), now(), 'processed')`;
  await sql`
    insert into toss_private.webhook_bodies (webhook_event_id, billing_key_digest)
    select ${eventId}, k.key_digest from toss_private.billing_keys as k where k.billing_method_id = ${billingMethodId}`;
  return await callSql(sql, "apply_billing_key_event", {
    eventId,
    change: "deleted",
    requestId: "test",
  });
}
