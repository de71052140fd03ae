import assert from "node:assert/strict";
import postgres from "postgres";
import { assertInvariantsHold } from "../../support/books.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addSubscriber,
  claimOne,
  decline,
  pay,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
const DUE = "2027-02-28T10:00:00+09:00";
let filled = false;

/** A paid, an open and a declined charge. */
async function fill({ stack: { sql } }: Shop): Promise<void> {
  if (filled) return;
  const subscribers = [1, 2, 3].map(() => addSubscriber(sql, START));
  const [paid, open, owing] = await Promise.all(subscribers);
  assert.ok(paid && open && owing);
  await pay(sql, await claimOne(sql, paid.subscriptionId, DUE));
  await claimOne(sql, open.subscriptionId, DUE);
  const item = await claimOne(sql, owing.subscriptionId, DUE);
  await decline(sql, item, "soft");
  filled = true;
}

async function refusalOf(shop: Shop, statement: string): Promise<string> {
  try {
    await inRollback(shop.stack.sql, (sql) => sql.unsafe(statement));
    return "nothing";
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    return error.constraint_name ?? error.message;
  }
}

const COPY =
  "insert into public.subscription_charges select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()) || CHANGES)).* from public.subscription_charges as c";

const BROKEN: [string, string][] = [
  [
    "subscription_charges_one_per_period",
    COPY.replace("CHANGES", "'{}'") +
    " where status = 'declined'",
  ],
  [
    "subscription_charges_one_open",
    COPY.replace("CHANGES", `'{"period_number": 99}'`) +
    " where status = 'processing'",
  ],
  [
    "operations_one_open_per_charge",
    "insert into public.operations select (jsonb_populate_record(op, jsonb_build_object('id', gen_random_uuid(), 'idempotency_key', 'another'))).* from public.operations as op where op.state = 'started'",
  ],
  [
    "subscription_charges_amount_range",
    "update public.subscription_charges set amount = 99",
  ],
  [
    "subscription_charges_plan_amount_range",
    "update public.subscription_charges set plan_amount = -1",
  ],
  [
    "subscription_charges_earlier_amount_range",
    "update public.subscription_charges set earlier_amount = -1",
  ],
  [
    "subscription_charges_status_known",
    "update public.subscription_charges set status = 'failed' where status = 'processing'",
  ],
  [
    "subscription_charges_paid_has_order",
    "update public.subscription_charges set status = 'paid' where status = 'processing'",
  ],
  [
    "subscription_charges_next_attempt_when_declined",
    "update public.subscription_charges set next_attempt_at = now() where status = 'paid'",
  ],
  [
    "subscription_charges_period_complete",
    "update public.subscription_charges set period_end = null",
  ],
  [
    "subscription_charges_refund_within_amount",
    `update public.subscription_charges set refund_due = amount + 1,
      refund_operation_id = (select id from public.operations limit 1)`,
  ],
  [
    "subscription_charges_refund_is_begun",
    "update public.subscription_charges set refund_due = amount",
  ],
  [
    "subscription_charges_period_has_subscription",
    "update public.subscription_charges set subscription_id = null",
  ],
  [
    "operations_charge_has_id",
    "update public.operations set charge_id = null where kind = 'charge'",
  ],
  [
    "subscriptions_notice_has_end",
    "update public.subscriptions set cancel_at_period_end = true",
  ],
  [
    "subscriptions_canceled_is_over",
    "update public.subscriptions set status = 'canceled'",
  ],
  [
    "subscriptions_live_has_not_ended",
    "update public.subscriptions set ended_at = now()",
  ],
  [
    "subscriptions_access_end_has_cause",
    "update public.subscriptions set access_ends_at = now() where status = 'active'",
  ],
  [
    "subscriptions_next_plan_complete",
    "update public.subscriptions set next_plan_id = 'basic'",
  ],
  [
    "entitlements_one_per_charge",
    "insert into public.entitlements select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).* from public.entitlements as e",
  ],
  [
    "entitlements_subscription_has_id",
    "update public.entitlements set subscription_id = null",
  ],
  ["plans_catch_up_known", "update public.plans set catch_up = 'none'"],
  ["plans_reminder_days_range", "update public.plans set reminder_days = -1"],
];

for (const [constraint, statement] of BROKEN) {
  test(`${constraint} refuses: ${statement.slice(0, 70)}`, async (shop) => {
    await fill(shop);

    assert.equal(await refusalOf(shop, statement), constraint);
  });
}

test("a plan takes an insert with the contract's columns alone", async (shop) => {
  await shop.stack.sql`
    insert into public.plans (id, name, price, currency, interval, interval_count, trial_days, active)
    values ('contract', '계약', 1000, 'KRW', 'month', 1, 0, true)`;
  const [row] = await shop.stack.sql`
    select catch_up, reminder_days, consent, without_consent from public.plans where id = 'contract'`;
  assert.deepEqual(row, {
    catch_up: "current",
    reminder_days: 7,
    consent: "required",
    without_consent: "cancel",
  });
});
