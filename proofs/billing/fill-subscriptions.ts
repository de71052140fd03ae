import type { Sql } from "postgres";

/** About so many are due, spread over the whole table; everybody else is due later. */
const DUE_SUBSCRIPTIONS = 3000;

// Ids that count up, because a million random ones would mostly measure how long this takes.
const id = (kind: number) =>
  `('${kind}0000000-0000-4000-8000-' || lpad(to_hex(g), 12, '0'))::uuid`;

const ORDER_ID = "'scale_' || lpad(g::text, 10, '0')";

/** A paid-up subscriber each: customer, billing method and key, subscription, and the charge of the first period. */
const SUBSCRIBERS = [
  `insert into public.plans (id, name, price, interval) values ('scale', 'Monthly plan', 9900, 'month')`,
  `insert into public.customers (user_id, customer_key) select ${id(1)}, ${
    id(1)
  } from members`,
  `insert into public.billing_methods (id, user_id, method, card_number_masked)
    select ${id(2)}, ${id(1)}, 'CARD', '433012******1234' from members`,
  `insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
    select ${
    id(2)
  }, lpad(to_hex(g), 64, '0'), 'k1', repeat('x', 100) from members`,
  `insert into public.subscriptions (
      id, user_id, plan_id, billing_method_id, status, anchor, period_number, amount, currency, interval,
      interval_count, current_period_start, current_period_end, next_charge_at
    )
    select ${id(3)}, ${id(1)}, 'scale', ${
    id(2)
  }, 'active', ends_at - interval '1 month', 0, 9900, 'KRW', 'month',
      1, ends_at - interval '1 month', ends_at, ends_at
    from members`,
  `insert into public.subscription_charges (
      id, kind, subscription_id, user_id, billing_method_id, plan_id, plan_amount, plan_interval, plan_interval_count,
      period_number, period_start, period_end, amount, currency, order_name, status, attempt, order_id, paid_at,
      created_at
    )
    select ${id(4)}, 'start', ${id(3)}, ${id(1)}, ${
    id(2)
  }, 'scale', 9900, 'month', 1, 0,
      ends_at - interval '1 month', ends_at, 9900, 'KRW', 'Monthly plan', 'paid', 1, ${ORDER_ID},
      ends_at - interval '1 month', ends_at - interval '1 month'
    from members`,
];

/** How the first period was paid. */
const HISTORY = [
  `insert into public.orders (
      id, user_id, status, order_name, amount, currency, subscription_charge_id, expires_at, created_at, updated_at
    )
    select ${ORDER_ID}, ${id(1)}, 'paid', 'Monthly plan', 9900, 'KRW', ${
    id(4)
  }, ends_at, ends_at, ends_at
    from members`,
  `insert into public.operations (
      kind, state, idempotency_key, key_created_at, order_id, charge_id, amount, currency, lease_token,
      lease_expires_at, next_attempt_at, created_at, finished_at
    )
    select 'charge', 'succeeded', 'scale-' || lpad(g::text, 10, '0'), ends_at, ${ORDER_ID}, ${
    id(4)
  }, 9900, 'KRW', ${id(4)}, ends_at,
      ends_at, ends_at, ends_at
    from members`,
];

const TABLES = [
  "public.customers",
  "public.billing_methods",
  "toss_private.billing_keys",
  "public.subscriptions",
  "public.subscription_charges",
  "public.orders",
  "public.operations",
];

/**
 * Fills an empty database with so many subscribers, about {@linkcode DUE_SUBSCRIPTIONS} of whom are due.
 *
 * `sql` must be the superuser's: triggers and foreign keys are skipped, which makes a million rows a matter of a
 * minute.
 */
export async function fillSubscriptions(
  sql: Sql,
  { count, hasHistory }: {
    count: number;
    /** Whether each first charge has its order and operation, too. */
    hasHistory: boolean;
  },
): Promise<void> {
  const every = Math.floor(count / DUE_SUBSCRIPTIONS);
  await sql.begin(async (transaction) => {
    await transaction`set local session_replication_role = replica`;
    await transaction.unsafe(`
      create temporary table members on commit drop as
      select g, date_trunc('second', now()) + case
        when g % ${every} = 0 then - make_interval(secs => 1 + g % 3600)
        else make_interval(secs => 3600 + g % 2000000)
      end as ends_at
      from generate_series(1::bigint, ${count}) as g`);
    const statements = [...SUBSCRIBERS, ...(hasHistory ? HISTORY : [])];
    for (const statement of statements) await transaction.unsafe(statement);
  });
  for (const table of TABLES) await sql.unsafe(`vacuum analyze ${table}`);
}
