import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addSubscriber,
  type ChargeItem,
  claimOne,
  decline,
  leasing,
  pay,
  paymentKeyOf,
  type Subscriber,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
const DUE = "2027-02-28T10:00:00+09:00";
const NEXT = "2027-03-31T10:00:00+09:00";

/** One of each: what a rule can be broken with. */
interface Scene {
  /** Has paid two periods. */
  paid: Subscriber & { first: ChargeItem; second: ChargeItem };
  /** Is being charged. */
  open: Subscriber & { item: ChargeItem };
  /** Was declined and is tried again. */
  owing: Subscriber & { item: ChargeItem };
  /** Cancelled at once, with money to be given back. */
  gone: Subscriber & { item: ChargeItem };
}

let scene: Scene | undefined;

async function openScene({ stack: { sql } }: Shop): Promise<Scene> {
  if (scene !== undefined) return scene;
  const paid = await addSubscriber(sql, START);
  const first = await claimOne(sql, paid.subscriptionId, DUE);
  await pay(sql, first);
  const second = await claimOne(sql, paid.subscriptionId, NEXT);
  await pay(sql, second);
  const open = await addSubscriber(sql, START);
  const item = await claimOne(sql, open.subscriptionId, DUE);
  const owing = await addSubscriber(sql, START);
  const declined = await claimOne(sql, owing.subscriptionId, DUE);
  await decline(sql, declined, "soft");
  const gone = await addSubscriber(sql, START);
  const last = await claimOne(sql, gone.subscriptionId, DUE);
  await pay(sql, last);
  await callSql(sql, "change_subscription", {
    subscriptionId: gone.subscriptionId,
    action: "cancel_now",
    refund: "prorated",
    asOf: "2027-03-01T10:00:00+09:00",
    ...leasing(),
  });
  scene = {
    paid: { ...paid, first, second },
    open: { ...open, item },
    owing: { ...owing, item: declined },
    gone: { ...gone, item: last },
  };
  return scene;
}

const BREAKS: Break<Scene>[] = [
  {
    invariant: "paid_charge_has_its_payment",
    how: "a paid charge costs more than its payment",
    subject: ({ paid }) => paid.first.chargeId,
    harm: (sql, { paid }) =>
      sql`update public.subscription_charges set amount = amount + 1 where id = ${paid.first.chargeId}`,
  },
  {
    invariant: "paid_charge_has_its_payment",
    how: "a charge is paid by nothing",
    subject: ({ open }) => open.item.chargeId,
    harm: (sql, { open }) =>
      sql`update public.subscription_charges set status = 'paid', paid_at = now() where id = ${open.item.chargeId}`,
  },
  {
    invariant: "charge_is_paid_once",
    how: "two attempts of a charge took money",
    subject: ({ paid }) => paid.first.chargeId,
    harm: (sql, { paid }) =>
      sql`update public.orders set subscription_charge_id = ${paid.first.chargeId} where id = ${paid.second.orderId}`,
  },
  {
    invariant: "money_belongs_to_a_paid_charge",
    how: "money was taken for a charge that counts as declined",
    subject: ({ paid }) => paymentKeyOf(paid.second),
    harm: (sql, { paid }) =>
      sql`
        update public.subscription_charges set status = 'declined', paid_at = null, first_declined_at = now()
        where id = ${paid.second.chargeId}`,
  },
  {
    invariant: "paid_periods_follow_each_other",
    how: "two paid periods overlap",
    subject: ({ paid }) => paid.second.chargeId,
    harm: (sql, { paid }) =>
      sql`
        update public.subscription_charges set period_start = period_start - interval '1 second'
        where id = ${paid.second.chargeId}`,
  },
  {
    invariant: "open_charge_has_open_operation",
    how: "a charge is at Toss and nobody asks",
    subject: ({ open }) => open.item.chargeId,
    harm: (sql, { open }) =>
      sql`
        update public.operations set state = 'rejected', finished_at = now() where id = ${open.item.operationId}`,
  },
  {
    invariant: "open_charge_has_open_operation",
    how: "a declined charge is still at Toss",
    subject: ({ open }) => open.item.chargeId,
    harm: (sql, { open }) =>
      sql`
        update public.subscription_charges set status = 'declined', first_declined_at = now()
        where id = ${open.item.chargeId}`,
  },
  {
    invariant: "charge_operation_succeeded_with_payment",
    how: "an attempt succeeded although nothing was paid",
    subject: ({ owing }) => owing.item.operationId,
    harm: (sql, { owing }) =>
      sql`update public.operations set state = 'succeeded' where id = ${owing.item.operationId}`,
  },
  {
    invariant: "live_subscription_goes_on",
    how: "a subscription is live and never charged again",
    subject: ({ paid }) => paid.subscriptionId,
    harm: (sql, { paid }) =>
      sql`update public.subscriptions set next_charge_at = null where id = ${paid.subscriptionId}`,
  },
  {
    invariant: "subscription_ends_in_time",
    how: "access should have ended days ago",
    subject: ({ owing }) => owing.subscriptionId,
    harm: (sql, { owing }) =>
      sql`
        update public.subscriptions set access_ends_at = toss_private.clock_now() - interval '2 days'
        where id = ${owing.subscriptionId}`,
  },
  {
    invariant: "subscription_access_is_paid",
    how: "a canceled subscription still gives access",
    subject: ({ gone }) => gone.item.chargeId,
    harm: (sql, { gone }) =>
      sql`update public.entitlements set revoked_at = null where charge_id = ${gone.item.chargeId}`,
  },
  {
    invariant: "subscription_access_is_paid",
    how: "a refunded period still gives access",
    subject: ({ paid }) => paid.first.chargeId,
    harm: (sql, { paid }) =>
      sql`update public.orders set status = 'refunded' where id = ${paid.first.orderId}`,
  },
  {
    invariant: "paid_period_has_its_access",
    how: "a paid period gives no access",
    subject: ({ paid }) => paid.second.chargeId,
    harm: (sql, { paid }) =>
      sql`update public.entitlements set revoked_at = now() where charge_id = ${paid.second.chargeId}`,
  },
  {
    invariant: "subscription_status_is_explained",
    how: "a subscription moved without an audit line",
    subject: ({ paid }) => paid.subscriptionId,
    harm: (sql, { paid }) =>
      sql`update public.subscriptions set status = 'past_due' where id = ${paid.subscriptionId}`,
  },
  {
    invariant: "subscription_can_be_charged",
    how: "the database refused to charge it",
    subject: ({ paid }) => paid.subscriptionId,
    harm: (sql, { paid }) =>
      sql`
        insert into public.payment_events (event, source, subscription_id, detail, created_at)
        values ('charge_impossible', 'billing', ${paid.subscriptionId}, '{"error": "why"}', now())`,
  },
  {
    invariant: "promised_refund_is_made",
    how: "a refund was promised and not made",
    subject: ({ gone }) => gone.item.chargeId,
    harm: (sql, { gone }) =>
      sql`
        update public.operations set created_at = toss_private.clock_now() - interval '2 hours'
        where id = (
          select refund_operation_id from public.subscription_charges where id = ${gone.item.chargeId}
        )`,
  },
  {
    invariant: "promised_refund_is_made",
    how: "less was given back than was promised",
    subject: ({ gone }) => gone.item.chargeId,
    harm: (sql, { gone }) =>
      sql`
        with kept as (
          update public.operations set created_at = toss_private.clock_now() - interval '2 hours', state = 'succeeded',
            finished_at = toss_private.clock_now(), is_final = true, canceled_transaction_key = 'promised', answer = '{}',
            amount = amount - 1, reserved_amount = 0
          where id = (
            select refund_operation_id from public.subscription_charges where id = ${gone.item.chargeId}
          ) returning payment_key, amount
        )
        insert into public.payment_cancels (transaction_key, payment_key, amount, created_at)
        select 'promised', payment_key, amount, toss_private.clock_now() from kept`,
  },
  {
    invariant: "charge_has_the_keys_of_its_card",
    how: "a charge asks Toss with another pair than issued its card's key",
    subject: ({ owing }) => owing.item.chargeId,
    harm: (sql, { owing }) =>
      sql`update public.orders set toss_keys = 'billing' where id = ${owing.item.orderId}`,
  },
  {
    invariant: "ended_subscription_says_why",
    how: "a subscription ended without a reason",
    subject: ({ gone }) => gone.subscriptionId,
    harm: (sql, { gone }) =>
      sql`update public.subscriptions set end_reason = null where id = ${gone.subscriptionId}`,
  },
  {
    invariant: "auth_key_goes_with_its_operation",
    how: "an authKey outlives its operation",
    subject: ({ owing }) => owing.item.operationId,
    harm: (sql, { owing }) =>
      sql`
        insert into toss_private.billing_issues
          (operation_id, user_id, customer_key, auth_key_digest, key_id, ciphertext, created_at)
        values (${owing.item.operationId}, ${owing.userId}, 'x', ${
        "0".repeat(64)
      }, 'k1', 'x', now())`,
  },
];

/** Entitlements are named by their id. */
async function nameOf(
  { stack }: Shop,
  { invariant }: Break<Scene>,
  subject: string,
): Promise<string> {
  if (invariant !== "subscription_access_is_paid") return subject;
  const [row] = await stack.sql`
    select id from public.entitlements where charge_id = ${subject}`;
  return String(row?.id);
}

for (const broken of BREAKS) {
  test(`invariant_violations() names ${broken.invariant} when ${broken.how}`, async (shop) => {
    const actors = await openScene(shop);
    const subject = await nameOf(shop, broken, broken.subject(actors));

    const subjects = await subjectsAfter(shop, broken, actors);

    assert.deepEqual(subjects, [subject]);
  });
}

test("every rule of subscription_violations() is broken by a test", async (shop) => {
  const rules = await rulesOf(shop, "subscription_violations");

  assert.deepEqual(
    rules,
    [
      ...new Set(BREAKS.map(({ invariant }) => invariant)),
    ].sort(),
  );
});
