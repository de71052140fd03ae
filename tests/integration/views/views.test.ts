import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { assertInvariantsHold } from "../../support/books.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({}, assertInvariantsHold);

type Row = Record<string, unknown>;

/** Rows as JSON shows them: numbers are numbers. */
async function rowsOf(sql: TransactionSql, query: string): Promise<Row[]> {
  const rows = await sql.unsafe(`select to_jsonb(v) as row from (${query}) v`);
  return rows.map(({ row }) => row);
}

/**
 * Only these rows, and none of it afterwards. What refers to what is of no matter to a sum, so foreign keys and
 * triggers rest.
 */
async function alone(
  { stack }: Shop,
  now: string,
  body: (sql: TransactionSql) => Promise<void>,
): Promise<void> {
  await inRollback(stack.sql, async (sql) => {
    await sql`set local session_replication_role = 'replica'`;
    await sql`
      update toss_private.clock set time_offset = ${now}::timestamptz - clock_timestamp()`;
    for (
      const table of [
        "payment_cancels",
        "payments",
        "operations",
        "subscription_charges",
        "subscriptions",
        "subscription_consents",
        "webhook_events",
        "notifications",
      ]
    ) {
      await sql`delete from public.${sql(table)}`;
    }
    await sql`delete from toss_private.notices_due`;
    await body(sql);
  });
}

async function addPayment(sql: TransactionSql, row: Row): Promise<void> {
  const given = {
    payment_key: crypto.randomUUID(),
    order_id: "order-of-no-matter",
    status: "DONE",
    method: "카드",
    balance_amount: 0,
    currency: "KRW",
    applied_at: "2026-01-01T00:00:00Z",
    created_at: "2026-01-01T00:00:00Z",
    ...row,
  };
  await sql`insert into public.payments ${sql(given)}`;
}

async function addCancel(sql: TransactionSql, row: Row): Promise<void> {
  const given = {
    transaction_key: crypto.randomUUID(),
    created_at: "2026-01-01T00:00:00Z",
    ...row,
  };
  await sql`insert into public.payment_cancels ${sql(given)}`;
}

test("daily_revenue counts a payment on its day in Seoul and a refund on the day it was made", async (shop) => {
  await alone(shop, "2026-11-10T00:00:00+09:00", async (sql) => {
    // 00:30 on the 2nd in Seoul is still the 1st in UTC.
    await addPayment(sql, {
      payment_key: "a",
      total_amount: 10_000,
      approved_at: "2026-11-02T00:30:00+09:00",
      status: "PARTIAL_CANCELED",
    });
    await addPayment(sql, {
      total_amount: 5_000,
      approved_at: "2026-11-02T23:59:59+09:00",
    });
    await addPayment(sql, {
      total_amount: 7_000,
      approved_at: "2026-11-01T23:59:59+09:00",
    });
    await addPayment(sql, {
      payment_key: "b",
      method: "가상계좌",
      total_amount: 20_000,
      approved_at: "2026-11-02T12:00:00+09:00",
      status: "CANCELED",
    });
    // Nobody paid into this one; of that one the bank took the deposit back.
    await addPayment(sql, {
      payment_key: "c",
      method: "가상계좌",
      total_amount: 900,
      status: "CANCELED",
    });
    await addPayment(sql, {
      method: "가상계좌",
      total_amount: 800,
      approved_at: "2026-11-02T12:00:00+09:00",
      status: "WAITING_FOR_DEPOSIT",
    });
    const refunds = [
      ["a", 3_000, "DONE", "2026-11-02T10:00:00+09:00"],
      ["a", 1_000, "DONE", "2026-11-03T00:00:00+09:00"],
      // A foreign wallet that gave nothing back after all.
      ["a", 2_000, "ABORTED", "2026-11-03T00:00:00+09:00"],
      ["b", 20_000, "DONE", "2026-11-04T09:00:00+09:00"],
      ["c", 900, "DONE", "2026-11-04T09:00:00+09:00"],
    ] as const;
    for (const [payment_key, amount, status, canceled_at] of refunds) {
      await addCancel(sql, { payment_key, amount, status, canceled_at });
    }

    const figures = await rowsOf(
      sql,
      "select * from public.daily_revenue order by day, method",
    );
    const row = (
      day: string,
      method: string,
      [payments, amount, refunds, refunded_amount, net_amount]: number[],
    ) => ({
      day,
      method,
      currency: "KRW",
      payments,
      amount,
      refunds,
      refunded_amount,
      net_amount,
    });
    assert.deepEqual(figures, [
      row("2026-11-01", "카드", [1, 7_000, 0, 0, 7_000]),
      row("2026-11-02", "가상계좌", [1, 20_000, 0, 0, 20_000]),
      row("2026-11-02", "카드", [2, 15_000, 1, 3_000, 12_000]),
      row("2026-11-03", "카드", [0, 0, 1, 1_000, -1_000]),
      row("2026-11-04", "가상계좌", [0, 0, 1, 20_000, -20_000]),
    ]);
  });
});

/** A subscription with its charges; every period is one of the plan's. */
async function addSubscription(
  sql: TransactionSql,
  plan: { id: string; amount: number; interval: string; count?: number },
  { charges, ...changes }: Row & { charges: Row[] },
): Promise<void> {
  const id = crypto.randomUUID();
  const subscription = {
    id,
    user_id: crypto.randomUUID(),
    plan_id: plan.id,
    status: "active",
    current_period_start: "2026-01-01T00:00:00+09:00",
    current_period_end: "2026-02-01T00:00:00+09:00",
    anchor: "2026-01-01T00:00:00+09:00",
    period_number: 0,
    amount: plan.amount,
    currency: "KRW",
    interval: plan.interval,
    interval_count: plan.count ?? 1,
    ...changes,
  };
  await sql`insert into public.subscriptions ${sql(subscription)}`;
  for (const [number, given] of charges.entries()) {
    const charge: Row = {
      kind: number === 0 ? "start" : "renewal",
      subscription_id: id,
      user_id: subscription.user_id,
      plan_id: plan.id,
      plan_amount: plan.amount,
      plan_interval: plan.interval,
      plan_interval_count: plan.count ?? 1,
      period_number: number,
      amount: plan.amount,
      currency: "KRW",
      order_name: "구독",
      order_id: crypto.randomUUID(),
      status: "paid",
      created_at: given.period_start,
      ...given,
    };
    charge.covered_by ??= charge.kind === "renewal" ? "agreed" : null;
    charge.paid_at ??= charge.status === "paid" ? charge.period_start : null;
    await sql`insert into public.subscription_charges ${sql(charge)}`;
  }
}

/** A period from one day in Seoul to another. */
function period(from: string, to: string): Row {
  return {
    period_start: `${from}T00:00:00+09:00`,
    period_end: `${to}T00:00:00+09:00`,
  };
}

const ENDED = {
  status: "canceled",
  next_charge_at: null,
  remind_at: null,
  access_ends_at: null,
};
const BASIC = { id: "basic", amount: 9_900, interval: "month" };
const YEARLY = { id: "yearly", amount: 120_000, interval: "year" };
const WEEKLY = { id: "weekly", amount: 1_000, interval: "week", count: 2 };

test("recurring_revenue and subscription_churn tell a life of four subscribers", async (shop) => {
  await alone(shop, "2026-03-20T12:00:00+09:00", async (sql) => {
    // Stays.
    await addSubscription(sql, BASIC, {
      charges: [
        period("2026-01-10", "2026-02-10"),
        period("2026-02-10", "2026-03-10"),
        period("2026-03-10", "2026-04-10"),
      ],
    });
    // Gives notice: the end of February sees it no more.
    await addSubscription(sql, BASIC, {
      ...ENDED,
      ended_at: "2026-02-20T00:00:00+09:00",
      end_reason: "canceled",
      charges: [period("2026-01-20", "2026-02-20")],
    });
    // Moves up within February: one subscription, the dearer plan. Ends in March, unpaid.
    await addSubscription(sql, BASIC, {
      ...ENDED,
      ended_at: "2026-03-15T00:00:00+09:00",
      end_reason: "dunning",
      charges: [
        period("2026-02-05", "2026-03-05"),
        {
          ...period("2026-02-15", "2026-03-05"),
          kind: "upgrade",
          period_number: 0,
          plan_id: "pro",
          plan_amount: 19_900,
          amount: 5_000,
          earlier_plan_id: "basic",
          earlier_amount: 9_900,
        },
        {
          ...period("2026-03-05", "2026-04-05"),
          kind: "renewal",
          period_number: 1,
          status: "declined",
          first_declined_at: "2026-03-05T00:00:00+09:00",
        },
      ],
    });
    await addSubscription(sql, YEARLY, {
      charges: [period("2026-02-01", "2027-02-01")],
    });
    // Begun this month: 500 a week.
    await addSubscription(sql, WEEKLY, {
      charges: [period("2026-03-10", "2026-03-24")],
    });

    assert.deepEqual(
      await rowsOf(
        sql,
        `select month, plan_id, subscriptions, amount from public.recurring_revenue
         where currency = 'KRW' order by month, plan_id`,
      ),
      [
        ["2026-01", "basic", 2, 19_800],
        ["2026-02", "basic", 1, 9_900],
        ["2026-02", "pro", 1, 19_900],
        ["2026-02", "yearly", 1, 10_000],
        ["2026-03", "basic", 1, 9_900],
        // 1000 / 2 × 4.348125
        ["2026-03", "weekly", 1, 2_174],
        ["2026-03", "yearly", 1, 10_000],
      ].map(([month, plan_id, subscriptions, amount]) => ({
        month,
        plan_id,
        subscriptions,
        amount,
      })),
    );
    assert.deepEqual(
      await rowsOf(
        sql,
        "select * from public.subscription_churn order by month",
      ),
      [
        ["2026-01", 0, 2, 0, 0, 0, 0, null],
        ["2026-02", 2, 2, 1, 1, 0, 0, 0.5],
        ["2026-03", 3, 1, 1, 0, 1, 0, 0.3333],
      ].map(([month, start, began, ended, notice, dunning, other, rate]) => ({
        month,
        paying_at_start: start,
        began,
        ended,
        ended_by_notice: notice,
        ended_by_dunning: dunning,
        ended_otherwise: other,
        churn_rate: rate,
      })),
    );
  });
});

test("dunning_recovery tells what was paid after all, is lost and is still tried", async (shop) => {
  await alone(shop, "2026-03-20T12:00:00+09:00", async (sql) => {
    const first = period("2026-01-10", "2026-02-10");
    const declined = (from: string, to: string, more: Row) => ({
      ...period(from, to),
      first_declined_at: `${from}T00:00:00+09:00`,
      ...more,
    });
    await addSubscription(sql, BASIC, {
      charges: [
        first,
        declined("2026-02-10", "2026-03-10", {
          paid_at: "2026-02-12T00:00:00+09:00",
        }),
        declined("2026-03-10", "2026-04-10", { status: "declined" }),
      ],
    });
    await addSubscription(sql, BASIC, {
      charges: [
        first,
        declined("2026-02-10", "2026-03-10", {
          paid_at: "2026-02-15T00:00:00+09:00",
        }),
      ],
    });
    await addSubscription(sql, BASIC, {
      ...ENDED,
      ended_at: "2026-02-17T00:00:00+09:00",
      end_reason: "dunning",
      charges: [
        first,
        declined("2026-02-10", "2026-03-10", { status: "declined" }),
      ],
    });

    assert.deepEqual(
      await rowsOf(sql, "select * from public.dunning_recovery order by month"),
      [{
        month: "2026-02",
        charges: 3,
        amount: 29_700,
        recovered: 2,
        recovered_amount: 19_800,
        lost: 1,
        open: 0,
        // Two days and five.
        days_to_recovery: 3.5,
      }, {
        month: "2026-03",
        charges: 1,
        amount: 9_900,
        recovered: 0,
        recovered_amount: 0,
        lost: 0,
        open: 1,
        days_to_recovery: null,
      }],
    );
  });
});

test("decline_reasons and open_operations count the calls to Toss", async (shop) => {
  await alone(shop, "2026-03-20T12:00:00+09:00", async (sql) => {
    const add = async (row: Row) => {
      const given = {
        kind: "confirm",
        idempotency_key: crypto.randomUUID(),
        key_created_at: "2026-03-20T12:00:00+09:00",
        order_id: crypto.randomUUID(),
        amount: 1_000,
        currency: "KRW",
        lease_token: crypto.randomUUID(),
        lease_expires_at: "2026-03-20T12:00:00+09:00",
        next_attempt_at: "2026-03-20T12:00:00+09:00",
        created_at: "2026-03-20T12:00:00+09:00",
        ...row,
      };
      await sql`insert into public.operations ${sql(given)}`;
    };
    const rejected = (kind: string, code: string, at: string, order: string) =>
      add({
        kind,
        order_id: order,
        state: "rejected",
        error_code: code,
        error_message: "한도초과",
        finished_at: at,
        ...(kind === "charge" ? { charge_id: crypto.randomUUID() } : {}),
      });
    const MARCH = "2026-03-01T00:00:00+09:00";
    await rejected("confirm", "REJECT_CARD_PAYMENT", MARCH, "one");
    await rejected("confirm", "REJECT_CARD_PAYMENT", MARCH, "one");
    await rejected("charge", "REJECT_CARD_PAYMENT", MARCH, "two");
    await rejected(
      "confirm",
      "INVALID_STOPPED_CARD",
      "2026-02-28T23:59:59+09:00",
      "three",
    );
    await rejected("confirm", "REJECT_CARD_PAYMENT", MARCH, "four");
    const open = (created_at: string, state: string, amount: number) =>
      add({ created_at, state, amount });
    await open("2026-03-20T11:59:30+09:00", "started", 1_000);
    await open("2026-03-20T11:30:00+09:00", "unknown", 2_000);
    await open("2026-03-20T11:20:00+09:00", "unknown", 3_000);
    await open("2026-03-18T12:00:00+09:00", "unknown", 4_000);

    assert.deepEqual(
      await rowsOf(
        sql,
        `select month, kind, error_code, declines, orders, amount from public.decline_reasons
         order by month, kind, error_code`,
      ),
      [
        ["2026-02", "confirm", "INVALID_STOPPED_CARD", 1, 1, 1_000],
        ["2026-03", "charge", "REJECT_CARD_PAYMENT", 1, 1, 1_000],
        ["2026-03", "confirm", "REJECT_CARD_PAYMENT", 3, 2, 3_000],
      ].map(([month, kind, error_code, declines, orders, amount]) => ({
        month,
        kind,
        error_code,
        declines,
        orders,
        amount,
      })),
    );
    assert.deepEqual(
      await rowsOf(
        sql,
        "select age, state, operations, amount from public.open_operations order by oldest_at desc",
      ),
      [
        {
          age: "under_1_minute",
          state: "started",
          operations: 1,
          amount: 1_000,
        },
        { age: "under_1_hour", state: "unknown", operations: 2, amount: 5_000 },
        { age: "over_1_day", state: "unknown", operations: 1, amount: 4_000 },
      ],
    );
  });
});

test("webhook_delay and unsent_notices tell what waits", async (shop) => {
  await alone(shop, "2026-03-20T12:00:00+09:00", async (sql) => {
    const arrive = async (seconds: number | null, status: string) => {
      const at = Date.parse("2026-03-20T00:00:00+09:00");
      const event = {
        dedupe_key: crypto.randomUUID(),
        payload: {},
        status,
        created_at: new Date(at).toISOString(),
        received_at: new Date(at).toISOString(),
        next_attempt_at: new Date(at).toISOString(),
        processed_at: seconds === null
          ? null
          : new Date(at + seconds * 1000).toISOString(),
      };
      await sql`insert into public.webhook_events ${sql(event)}`;
    };
    for (const seconds of [1, 2, 3, 4, 100]) await arrive(seconds, "processed");
    await arrive(null, "failed");
    await arrive(500, "ignored");
    const notice = async (status: string, error: string | null) => {
      const row = {
        notice: "receipt",
        channel: "email",
        status,
        error,
        created_at: "2026-03-20T00:00:00+09:00",
        event_id: crypto.randomUUID(),
        event_sequence: 1,
        stream: "order",
        next_attempt_at: status === "pending"
          ? "2026-03-20T00:00:00+09:00"
          : null,
        sent_at: status === "sent" ? "2026-03-20T00:00:00+09:00" : null,
        provider_id: status === "sent" ? "id" : null,
      };
      await sql`insert into public.notifications ${sql(row)}`;
    };
    await notice("sent", null);
    await notice("failed", "no_address");
    await notice("failed", "no_address");
    await sql`
      insert into toss_private.notices_due (event_id, notice, stream, event_sequence, created_at, next_attempt_at)
      values (gen_random_uuid(), 'refund', 'order', 1, '2026-03-20T00:00:00+09:00', '2026-03-20T00:00:00+09:00')`;

    assert.deepEqual(await rowsOf(sql, "select * from public.webhook_delay"), [{
      day: "2026-03-20",
      events: 6,
      waiting: 1,
      median_seconds: 3,
      // Between the fourth and the fifth of five: 4 + 0.8 × 96.
      p95_seconds: 80.8,
      slowest_seconds: 100,
    }]);
    assert.deepEqual(
      await rowsOf(
        sql,
        "select notice, channel, status, error, notices from public.unsent_notices order by notice",
      ),
      [{
        notice: "receipt",
        channel: "email",
        status: "failed",
        error: "no_address",
        notices: 2,
      }, {
        notice: "refund",
        channel: null,
        status: "planned",
        error: null,
        notices: 1,
      }],
    );
  });
});

test("trial_conversion counts trials by the month in which they began", async (shop) => {
  await alone(shop, "2026-03-20T12:00:00+09:00", async (sql) => {
    const trial = async (
      changes: Row,
      charges: Row[],
      decision: string | null = null,
    ) => {
      await addSubscription(sql, BASIC, { ...changes, charges });
      await sql`
        insert into public.payment_events (event, source, subscription_id, detail, created_at)
        select 'subscription_status', 'billing', s.id,
          jsonb_build_object('event', 'trial_started', 'planId', s.plan_id), '2026-02-01T00:00:00+09:00'
        from public.subscriptions as s order by s.created_at desc, s.ctid desc limit 1`;
      if (decision === null) return;
      const asked = "2026-02-02T00:00:00+09:00";
      for (const voided_at of [asked, null]) {
        await sql`
          insert into public.subscription_consents (subscription_id, user_id, kind, plan_id, amount_before, amount_after,
            currency, effective_at, asked_at, opens_at, text_version, decided_at, decision, source, voided_at)
          select s.id, s.user_id, 'trial_conversion', s.plan_id, 0, 9900, 'KRW', '2026-02-15T00:00:00+09:00', ${asked},
            ${asked}, '1', ${voided_at === null ? asked : null}, ${
          voided_at === null ? decision : null
        }, ${voided_at === null ? "subscription" : null}, ${voided_at}
          from public.subscriptions as s order by s.created_at desc, s.ctid desc limit 1`;
      }
    };
    await trial({}, [{
      ...period("2026-02-15", "2026-03-15"),
      kind: "renewal",
    }], "given");
    await trial(
      {
        ...ENDED,
        ended_at: "2026-02-15T00:00:00+09:00",
        end_reason: "canceled",
      },
      [],
      "refused",
    );
    await trial({
      ...ENDED,
      ended_at: "2026-02-16T00:00:00+09:00",
      end_reason: "dunning",
    }, [{
      ...period("2026-02-15", "2026-03-15"),
      kind: "renewal",
      status: "declined",
      first_declined_at: "2026-02-15T00:00:00+09:00",
    }], "given");
    await trial({ status: "trialing", period_number: -1 }, []);

    assert.deepEqual(
      await rowsOf(sql, "select * from public.trial_conversion"),
      [{
        month: "2026-02",
        plan_id: "basic",
        trials: 4,
        converted: 1,
        ended: 2,
        open: 1,
        consents_asked: 3,
        consents_given: 2,
        consents_refused: 1,
        consents_lapsed: 0,
        conversion_rate: 0.3333,
      }],
    );
  });
});
