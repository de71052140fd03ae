import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import type { StoryRows } from "../../../supabase/functions/_shared/database/story.ts";
import { signUp } from "../../../stack/users.ts";
import {
  buy,
  confirm,
  payInWindow,
  placeOrder,
  type Purchase,
  startPurchase,
} from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import { issuedBy, requestAccount } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { approveAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import { decide, requested } from "../../support/withdrawals.ts";
import {
  advance,
  alignClocks,
  moveDatabaseClock,
} from "../../support/worker.ts";
import {
  EARLIER,
  paymentOf,
  rowsOf,
  subscriptionOf,
} from "../../unit/story/rows.ts";

/** A paid order, and who paid it. */
type Subject = Purchase & { userId: string };

type Harm = (sql: TransactionSql, subject: Subject) => Promise<unknown>;

/** How an alert comes about, and what its story must come to. */
export type Scene =
  /** The proposed command ends it. */
  | {
    kind: "mends";
    says: RegExp;
    make(shop: Shop): Promise<{ id: string; more?: Record<string, string> }>;
    /** Takes back what would be in the way of the next. */
    after?(shop: Shop): Promise<void>;
  }
  /** Nothing from here can end it. */
  | { kind: "person"; says: RegExp; buy: Buy; harm: Harm }
  /** What is proposed has its own tests; that it is proposed, here. */
  | { kind: "told"; command: RegExp; buy: Buy; harm: Harm }
  /** About a subscription, whose life is long to play: told of rows alone. */
  | { kind: "rows"; rows: StoryRows; says: RegExp; command: RegExp }
  /** About no order: what the runbook says in its row. */
  | { kind: "elsewhere"; does: string };

type Buy = (shop: Shop, accessToken: string) => Promise<Purchase>;

const buySticker: Buy = (shop, token) => buy(shop, undefined, token);

/** A line of the audit log. */
function line(event: string, detail: Record<string, unknown>): Harm {
  return (sql, { orderId, paymentKey, amount }) =>
    sql`select toss_private.write_event(${
      sql.json({ event, orderId, paymentKey, amount, detail } as never)
    })`;
}

/** An open operation with this code. */
function openWith(code: string): Harm {
  return (sql, { orderId }) =>
    sql`update public.operations
      set state = 'unknown', error_code = ${code}, finished_at = null, is_final = null
      where order_id = ${orderId}`;
}

/** A cash receipt of the payment. */
async function receipt(
  sql: TransactionSql,
  { orderId, paymentKey }: Subject,
  more: Record<string, unknown> = {},
): Promise<void> {
  await sql`insert into public.cash_receipts ${
    sql({
      receipt_key: `receipt_${crypto.randomUUID().slice(0, 12)}`,
      order_id: orderId,
      payment_key: paymentKey,
      transaction_type: "CONFIRM",
      type: "소득공제",
      amount: 3_000,
      tax_free_amount: 0,
      issue_status: "COMPLETED",
      created_at: new Date(Date.now() - 5 * 86_400_000),
      ...more,
    })
  }`;
}

/** A notice that stands like this. */
function notice(status: string, error: string): Harm {
  return (sql, { orderId, userId }) =>
    sql`insert into public.notifications (
        user_id, order_id, notice, channel, status, error, created_at, event_id, event_sequence, stream, next_attempt_at
      )
      select ${userId}, ${orderId}, 'renewal_upcoming', 'email', ${status}, ${error},
        toss_private.clock_now() - interval '2 hours', v.id, v.sequence, v.stream,
        case when ${status} = 'pending' then toss_private.clock_now() end
      from public.outbox_events as v where v.subject = ${orderId} order by v.sequence limit 1`;
}

/** A webhook about a paid order that stands like this. */
async function webhook(shop: Shop, status: string): Promise<{ id: string }> {
  const { orderId, paymentKey } = await buy(shop);
  await settleWebhooks(shop);
  withoutWebhooks(shop);
  await shop.stack.sql`
    insert into public.webhook_events (
      dedupe_key, event_type, order_id, payment_key, payload, status, next_attempt_at, received_at, created_at,
      processed_at, last_error
    )
    select gen_random_uuid()::text, 'PAYMENT_STATUS_CHANGED', ${orderId}, ${paymentKey}, '{}', ${status},
      now + interval '1 day', now - interval '20 minutes', now - interval '20 minutes',
      case when ${status} = 'dead' then now end, 'Toss gave no usable answer'
    from toss_private.clock_now() as now`;
  return { id: orderId };
}

/** An endpoint and a delivery of a paid order's first event that stand like this. */
async function delivery(
  shop: Shop,
  { endpoint, status }: { endpoint: "active" | "disabled"; status: string },
): Promise<{ id: string }> {
  const { orderId } = await buy(shop);
  await settleWebhooks(shop);
  withoutWebhooks(shop);
  const { sql } = shop.stack;
  const endpointId = crypto.randomUUID();
  const isDisabled = endpoint === "disabled";
  await sql`
    insert into public.webhook_endpoints (id, url, status, created_at, enabled_at, disabled_at, disabled_reason)
    select ${endpointId}, 'https://shop.invalid/events', ${endpoint}, now, now,
      case when ${isDisabled} then now end, case when ${isDisabled} then 'failed_for_five_days' end
    from toss_private.clock_now() as now`;
  await sql`
    insert into public.webhook_deliveries (
      event_id, endpoint_id, status, attempts, next_attempt_at, finished_at, last_error, created_at, event_sequence, stream
    )
    select v.id, ${endpointId}, ${status}, 10, case when ${status} = 'pending' then now + interval '1 day' end,
      case when ${status} = 'failed' then now end, '503', now, v.sequence, v.stream
    from public.outbox_events as v, toss_private.clock_now() as now
    where v.subject = ${orderId} order by v.sequence limit 1`;
  return { id: orderId };
}

async function removeEndpoints({ stack: { sql } }: Shop): Promise<void> {
  await sql`delete from public.webhook_deliveries`;
  await sql`delete from public.webhook_endpoints`;
}

/** A confirm that Toss did, and whose answer was lost. */
async function lostConfirm(shop: Shop): Promise<{ id: string }> {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop);
  shop.simulator.addFault({ kind: "lose_answer_after", count: "always" });
  await confirm(shop, purchase);
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 6 * 60);
  return { id: purchase.orderId };
}

const accountOf = async (shop: Shop, validHours: number) => {
  await alignClocks(shop);
  const { orderId } = await placeOrder(shop);
  const issued = issuedBy(await requestAccount(shop, { orderId, validHours }));
  await settleWebhooks(shop);
  withoutWebhooks(shop);
  return issued;
};

const asked = async (shop: Shop) => {
  const { accessToken } = await signUp(shop);
  const purchase = await buy(shop, undefined, accessToken);
  const withdrawalId = await requested(shop, purchase.orderId, accessToken);
  await settleWebhooks(shop);
  withoutWebhooks(shop);
  return { ...purchase, withdrawalId };
};

function alertOf(alert: string): StoryRows["alerts"][number] {
  return { alert, level: "warning", subject: "", detail: null, since: EARLIER };
}

/** Every alert. */
export const SCENES: Record<string, Scene> = {
  operation_without_proof: {
    kind: "mends",
    says: /has not said how the confirm ended/,
    make: lostConfirm,
  },
  toss_keys_missing: {
    kind: "person",
    says: /put back the pair of Toss's keys/,
    buy: buySticker,
    harm: openWith("TOSS_KEYS_MISSING"),
  },
  toss_keys_changed: {
    kind: "person",
    says: /put back the pair of Toss's keys/,
    buy: buySticker,
    harm: openWith("TOSS_KEYS_CHANGED"),
  },
  webhook_waiting: {
    kind: "mends",
    says: /^A webhook is failed/,
    make: (shop) => webhook(shop, "failed"),
  },
  webhook_dead: {
    kind: "mends",
    says: /^A webhook was given up/,
    make: (shop) => webhook(shop, "dead"),
  },
  webhook_flood: { kind: "elsewhere", does: "WEBHOOK_URL_TOKEN" },
  webhook_inbox_large: { kind: "elsewhere", does: "scaling.md" },
  job_late: { kind: "elsewhere", does: "Late jobs" },
  tax_split_differs: {
    kind: "person",
    says: /another tax-free part than the order's/,
    buy: buySticker,
    harm: line("tax_split_differs", { orderTaxFreeAmount: 0 }),
  },
  hook_failed: {
    kind: "mends",
    says: /is owed 1 call\(s\).*out of paper/,
    async make(shop) {
      const { orderId } = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      // Mended by now: it takes what it is owed.
      await shop.stack.sql.unsafe(`
        create schema if not exists shop authorization postgres;
        create or replace function shop.order_moved(event jsonb) returns void language plpgsql as $$ begin end; $$`)
        .simple();
      await shop.stack.sql`select public.use_order_hook('shop.order_moved')`;
      await shop.stack.sql`
        insert into toss_private.order_hook_calls (order_id, event, attempts, last_error, next_attempt_at, created_at)
        select ${orderId}, '{}', 3, 'out of paper', now + interval '1 hour', now from toss_private.clock_now() as now`;
      return { id: orderId };
    },
    async after({ stack }) {
      await stack.sql`select public.use_order_hook(null)`;
    },
  },
  endpoint_failing: { kind: "elsewhere", does: "`webhook_deliveries`" },
  delivery_failed: {
    kind: "mends",
    says: /^Your receiver did not take an event/,
    make: (shop) => delivery(shop, { endpoint: "active", status: "failed" }),
    after: removeEndpoints,
  },
  endpoint_disabled: {
    kind: "mends",
    says: /^Your receiver was disabled/,
    make: (shop) => delivery(shop, { endpoint: "disabled", status: "pending" }),
    after: removeEndpoints,
  },
  notice_not_sent: {
    kind: "person",
    says: /renewal_upcoming could not be sent/,
    buy: buySticker,
    harm: notice("failed", "refused by the provider"),
  },
  notice_late: {
    kind: "person",
    says: /renewal_upcoming waits/,
    buy: buySticker,
    harm: notice("pending", "outage"),
  },
  notice_channel_failing: { kind: "elsewhere", does: "notices.md" },
  notice_template_refused: { kind: "elsewhere", does: "notices.md" },
  notice_address_failed: { kind: "elsewhere", does: "notices.md" },
  second_payment: {
    kind: "mends",
    says: /^Paid twice: 3,000 KRW/,
    async make(shop) {
      const order = await placeOrder(shop);
      const first = payInWindow(shop, order);
      const second = payInWindow(shop, order);
      await confirm(shop, first);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      // Somebody else holds the secret key as well.
      await approveAtToss(shop, second);
      await deliverWebhook(shop, statusChanged({ ...second }));
      await settleWebhooks(shop);
      return { id: order.orderId };
    },
  },
  answer_mismatch: {
    kind: "mends",
    says: /Toss named another amount than the order's/,
    async make(shop) {
      const purchase = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      shop.simulator.addFault({
        kind: "wrong_answer",
        patch: { totalAmount: 2_999, balanceAmount: 2_999 },
        method: "GET",
        count: "always",
      });
      await deliverWebhook(shop, statusChanged({ ...purchase }));
      await settleWebhooks(shop);
      shop.simulator.clearFaults();
      return { id: purchase.orderId };
    },
  },
  late_payment_without_stock: {
    kind: "mends",
    says: /^Only a person can mend this: the money came after/,
    async make(shop) {
      const purchase = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      await shop.stack.sql`select toss_private.write_event(${
        shop.stack.sql.json({
          event: "late_payment",
          ...purchase,
          detail: { shortProductId: "mug" },
        })
      })`;
      return { id: purchase.orderId };
    },
  },
  deadline_far: {
    kind: "mends",
    says: /^Only a person can mend this: the account of the payment window/,
    async make(shop) {
      const { orderId, paymentKey } = await accountOf(shop, 24);
      await shop.stack.sql`select toss_private.write_event(${
        shop.stack.sql.json({
          event: "deadline_far",
          orderId,
          paymentKey,
          detail: { dueAt: "2026-12-30", longestHours: 24 },
        })
      })`;
      return { id: orderId };
    },
  },
  deadline_not_proven: {
    kind: "mends",
    says: /^The deposit was due at/,
    async make(shop) {
      const { orderId, paymentKey } = await accountOf(shop, 1);
      await advance(shop, 3 * 3_600);
      assert.ok(paymentKey);
      return { id: orderId };
    },
  },
  consent_not_reached: { kind: "elsewhere", does: "notices.md" },
  consent_not_asked: { kind: "elsewhere", does: "`job_late`" },
  repricing_unfinished: { kind: "elsewhere", does: "`job_late`" },
  sweep_backlog: { kind: "elsewhere", does: "`cancel`" },
  cancel_not_proven: {
    kind: "mends",
    says: /^A refund was given up/,
    async make(shop) {
      const { orderId, paymentKey } = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      shop.simulator.addFault({ kind: "lose_answer_before", count: "always" });
      await cancel(shop, { paymentKey });
      shop.simulator.clearFaults();
      await shop.stack.sql`
        update public.operations
        set state = 'rejected', error_code = 'CANCEL_NOT_PROVEN', is_final = false,
          finished_at = toss_private.clock_now()
        where order_id = ${orderId} and kind = 'cancel'`;
      return { id: orderId };
    },
  },
  refund_aborted: {
    kind: "told",
    command: /^curl .*\/cancel".*"requestId":"by-hand-.*-2"}'$/,
    buy: buySticker,
    async harm(sql, { orderId, paymentKey }) {
      await sql`
        insert into public.payment_cancels (transaction_key, payment_key, amount, status, canceled_at, created_at)
        select 'aborted_1', ${paymentKey}, 3000, 'ABORTED', now, now from toss_private.clock_now() as now`;
      await sql`
        insert into public.operations (
          kind, state, idempotency_key, order_id, payment_key, amount, currency, lease_token, lease_expires_at, next_attempt_at,
          key_created_at, created_at, finished_at, request_id, request_digest, requested_by, reason, cancel_all,
          canceled_transaction_key, is_final, answer
        )
        select 'cancel', 'succeeded', 'cancel-aborted', ${orderId}, ${paymentKey}, 3000, 'KRW', gen_random_uuid(), now, now,
          now, now, now, 'r1', repeat('0', 64), 'operator', 'refund', true, 'aborted_1', true, '{}'
        from toss_private.clock_now() as now`;
    },
  },
  refund_account_failed: {
    kind: "person",
    says: /could not transfer the money to the buyer's account/,
    buy: buySticker,
    harm: (sql, { paymentKey }) =>
      sql`insert into toss_private.payment_details (payment_key, virtual_account)
        values (${paymentKey}, '{"refundStatus": "FAILED"}')
        on conflict (payment_key) do update set virtual_account = excluded.virtual_account`,
  },
  cash_receipt_in_progress: {
    kind: "person",
    says: /the tax office has not answered/,
    buy: buySticker,
    harm: (sql, subject) =>
      receipt(sql, subject, { issue_status: "IN_PROGRESS" }),
  },
  cash_receipt_refused: {
    kind: "person",
    says: /the receipt that nobody asked for was refused/,
    buy: buySticker,
    harm: (sql, { orderId, paymentKey }) =>
      sql`insert into public.operations (
          kind, state, idempotency_key, order_id, payment_key, amount, currency, lease_token, lease_expires_at, next_attempt_at,
          key_created_at, created_at, finished_at, request_id, requested_by, parameters, error_code, is_final
        )
        select 'cash_receipt', 'rejected', 'receipt-refused', ${orderId}, ${paymentKey}, 3000, 'KRW', gen_random_uuid(), now,
          now, now, now, now, 'self', 'self', '{"type": "소득공제"}', 'INVALID_REQUEST', true
        from toss_private.clock_now() as now`,
  },
  cash_receipt_exceeds: {
    kind: "told",
    command: /^curl -s -X DELETE "\$FUNCTIONS_URL\/cash-receipt"/,
    buy: buySticker,
    async harm(sql, subject) {
      await receipt(sql, subject, { amount: 4_000 });
      await sql`update public.payments
        set applied_at = toss_private.clock_now() - interval '2 hours' where payment_key = ${subject.paymentKey}`;
    },
  },
  cash_receipt_twice: {
    kind: "person",
    says: /two cash receipts of this payment live/,
    buy: buySticker,
    async harm(sql, subject) {
      await receipt(sql, subject, { amount: 1_000 });
      await receipt(sql, subject, { amount: 1_000 });
    },
  },
  cash_receipt_tax_differs: {
    kind: "told",
    command: /^curl -s -X DELETE "\$FUNCTIONS_URL\/cash-receipt"/,
    buy: buySticker,
    async harm(sql, subject) {
      await receipt(sql, subject, {
        tax_free_amount: 2_000,
        canceled_amount: 500,
      });
      await sql`update public.payments set tax_free_amount = 0 where payment_key = ${subject.paymentKey}`;
    },
  },
  reconciliation_difference: {
    kind: "mends",
    says: /Toss and the rows agree again/,
    async make(shop) {
      const { orderId, paymentKey } = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      await shop.stack.advanceClock({ minutes: 20 });
      const { sql } = shop.stack;
      await sql`
        with run as (
          insert into public.reconciliation_runs (from_date, to_date, status, started_at, finished_at)
          select now::date, now::date, 'finished', now, now from toss_private.clock_now() as now
          returning id, started_at
        )
        insert into public.reconciliation_differences (
          run_id, kind, payment_key, order_id, is_cancel, reason, created_at
        )
        select id, 'status', ${paymentKey}, ${orderId}, false, 'the payment is further at Toss', started_at from run`;
      return { id: orderId };
    },
    // Written by hand, so no event told of it.
    async after({ stack }) {
      await stack.sql`delete from public.reconciliation_differences`;
    },
  },
  settlement_difference: {
    kind: "person",
    says: /Toss settled 2,999.*ask Toss's support/,
    buy: buySticker,
    harm: (sql, { orderId, paymentKey }) =>
      sql`insert into public.settlement_differences (kind, payment_key, order_id, ours, theirs, reason, created_at)
        values ('amount', ${paymentKey}, ${orderId}, 3000, 2999, 'Toss settled 2,999', toss_private.clock_now())`,
  },
  settlements_unread: { kind: "elsewhere", does: "support" },
  reconciliation_failed: { kind: "elsewhere", does: "toss reconcile" },
  withdrawal_due: {
    kind: "mends",
    says: /^Only a person can mend this: decide the buyer's withdrawal/,
    async make(shop) {
      const { orderId } = await asked(shop);
      await shop.stack.sql`
        update public.withdrawals set due_at = toss_private.clock_now() + interval '1 hour' where order_id = ${orderId}`;
      return { id: orderId };
    },
  },
  withdrawal_refund_refused: {
    kind: "mends",
    says: /withdrawal was accepted, and Toss refused the refund/,
    async make(shop) {
      const { orderId, withdrawalId } = await asked(shop);
      shop.simulator.addFault({
        kind: "status_before",
        code: "NOT_CANCELABLE_PAYMENT",
        pathPattern: "/cancel$",
      });
      await decide(shop, { withdrawalId, action: "accept" });
      shop.simulator.clearFaults();
      return { id: orderId };
    },
  },
  period_not_fully_paid: {
    kind: "rows",
    rows: {
      ...rowsOf("refunded", { subscription: subscriptionOf("active", "paid") }),
      alerts: [alertOf("period_not_fully_paid")],
    },
    says: /^Only a person can mend this: one of several payments/,
    command: /"action":"cancel_now"/,
  },
  user_deleted: {
    kind: "rows",
    rows: {
      ...rowsOf("paid", {
        payments: [paymentOf("DONE", { approvedAt: EARLIER })],
        subscription: subscriptionOf("canceled", "paid"),
      }),
      alerts: [alertOf("user_deleted")],
    },
    says: /^Only a person can mend this: the user's account was deleted/,
    command: /^curl .*\/cancel".*"cancelAmount":3000/,
  },
};
