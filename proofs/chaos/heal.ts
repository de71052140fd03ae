import { mendHook } from "./hook.ts";
import { orderIdsOf, paymentsOf, type RunState } from "./run-state.ts";
import { work, workTwice } from "./worker.ts";

/** What is not finished, in words; empty when everything is. */
export type Unfinished = string[];

/**
 * Seconds by which time moves on before each round of the worker: past leases
 * and first pauses, then past Toss's 10 and 30 minutes, the order's hour and
 * the longest pause; at last past the distance at which late deposits are
 * asked for.
 */
const ROUNDS = [
  ...[0, 6, 30, 300, 620, 1300, 1300, 620, 620, 3600],
  ...[620, 620, 620, 620],
  ...[22_000, 22_000],
];

/** For so many rounds the shop's order hook goes on raising, as it did before. */
const HOOK_ROUNDS = 6;

async function unfinishedInDatabase(state: RunState): Promise<Unfinished> {
  const ids = await orderIdsOf(state);
  const rows = await state.chaos.stack.sql<{ line: string }[]>`
    select format('operation %s of %s is %s (%s)', op.id, op.order_id, op.state, op.error_code) as line
    from public.operations as op
    where op.order_id = any (${ids}) and op.state in ('started', 'unknown')
    union all
    select format('webhook event %s is %s (%s)', e.id, e.status, e.last_error)
    from public.webhook_events as e
    where e.order_id = any (${ids}) and e.status in ('received', 'processing', 'failed', 'dead')
    union all
    select format('order %s is still pending', o.id)
    from public.orders as o where o.id = any (${ids}) and o.status = 'pending'
    union all
    select format('payment %s is %s', p.payment_key, p.status)
    from public.payments as p
    where p.order_id = any (${ids}) and p.status in ('READY', 'IN_PROGRESS')
    union all
    select format('%s of payment %s is still reserved', p.reserved_amount, p.payment_key)
    from public.payments as p
    where p.order_id = any (${ids}) and p.reserved_amount <> 0
    union all
    select format('event %s of %s is not delivered (%s)', v.event_type, v.subject, d.last_error)
    from public.webhook_deliveries as d
    join public.outbox_events as v on v.id = d.event_id
    where v.subject = any (${ids}) and d.status <> 'delivered'
    union all
    select format('order %s is owed %s calls of the hook: %s', c.order_id, count(*), min(c.last_error))
    from toss_private.order_hook_calls as c where c.order_id = any (${ids}) group by c.order_id
    union all
    select format('the refund account of operation %s is still stored', s.operation_id)
    from toss_private.operation_secrets as s`;
  return rows.map(({ line }) => line);
}

/** What happened to accounts at Toss and is not known here yet. */
async function unfinishedAccounts(state: RunState): Promise<Unfinished> {
  const ids = state.orders.map(({ orderId }) => orderId);
  const rows = await state.chaos.stack.sql<
    {
      payment_key: string;
      status: string;
      expired: boolean;
      order_status: string;
    }[]
  >`
    select p.payment_key, p.status, o.status as order_status,
      coalesce((d.virtual_account ->> 'expired')::boolean, false) as expired
    from public.payments as p
    join public.orders as o on o.id = p.order_id
    left join toss_private.payment_details as d on d.payment_key = p.payment_key
    where p.order_id = any (${ids})`;
  const known = new Map(rows.map((row) => [row.payment_key, row]));
  return state.chaos.simulator.books()
    .filter((book) =>
      ids.includes(book.orderId) && book.virtualAccount !== null
    )
    .filter(({ paymentKey, status, virtualAccount, depositDueAt }) => {
      const row = known.get(paymentKey);
      const isPast = state.chaos.simulator.now() >= (depositDueAt ?? Infinity);
      return row?.status !== status ||
        status === "WAITING_FOR_DEPOSIT" && (
            row.expired !== (virtualAccount?.expired === true) ||
            isPast && row.order_status === "waiting_for_deposit"
          );
    })
    .map(({ paymentKey, status, virtualAccount }) =>
      `Toss: account of ${paymentKey} is ${status}` +
      `${virtualAccount?.expired ? ", expired" : ""}, here ${
        known.get(paymentKey)?.status
      }`
    );
}

function unfinishedAtToss(state: RunState): Unfinished {
  const { simulator } = state.chaos;
  const keys = new Set(paymentsOf(state).map(({ paymentKey }) => paymentKey));
  const payments = simulator.books()
    .filter(({ paymentKey, status }) =>
      keys.has(paymentKey) && (status === "READY" || status === "IN_PROGRESS")
    )
    .map(({ paymentKey, status }) => `Toss: ${paymentKey} is ${status}`);
  const deliveries = simulator.deliveries()
    .filter(({ paymentKey, state }) =>
      keys.has(paymentKey) && (state === "waiting" || state === "held")
    )
    .map(({ transmissionId, state }) => `Toss: ${transmissionId} is ${state}`);
  return [...payments, ...deliveries];
}

/** Lets go what waits for a later webhook that this run will not have. */
function releaseHeld({ chaos: { simulator } }: RunState): void {
  for (const { transmissionId, state } of simulator.deliveries()) {
    if (state === "held") simulator.resend(transmissionId);
  }
}

/** From this round on Toss's list is compared as well: by then everything else has had its chance. */
const RECONCILE_ROUND = 5;

/** Toss's list lags, so what is younger is left to the next comparison. */
const BORDER_SECONDS = 960;

/** Compares Toss's list, as two calls of pg_cron at once would; what stays open, in words. */
async function reconcile({ chaos }: RunState): Promise<Unfinished> {
  await Promise.all([work(chaos, "reconcile"), work(chaos, "reconcile")]);
  const rows = await chaos.stack.sql<{ line: string }[]>`
    select format('difference: %s of %s, %s', kind, payment_key, reason) as line
    from public.reconciliation_differences where resolved_at is null
    union all
    select format('the comparison of %s is %s', to_date, status)
    from (select * from public.reconciliation_runs order by started_at desc limit 1) as r
    where status <> 'finished'`;
  return rows.map(({ line }) => line);
}

/**
 * Ends all faults, that of the shop's hook last, and lets time pass, the worker running twice at once, until
 * nothing is open or a bounded number of rounds is over; then compares with Toss's list what no webhook told.
 *
 * Answers what is still unfinished then.
 */
export async function heal(state: RunState): Promise<Unfinished> {
  const { chaos } = state;
  let unfinished: Unfinished = [];
  for (const [round, seconds] of ROUNDS.entries()) {
    if (round === HOOK_ROUNDS) await mendHook(state);
    await chaos.advance(seconds);
    releaseHeld(state);
    if (round >= RECONCILE_ROUND) await reconcile(state);
    await workTwice(chaos);
    await chaos.idle();
    unfinished = [
      ...await unfinishedInDatabase(state),
      ...await unfinishedAccounts(state),
      ...unfinishedAtToss(state),
    ];
    if (unfinished.length === 0) break;
  }
  await chaos.advance(BORDER_SECONDS);
  const open = await reconcile(state);
  await mendHook(state);
  await workTwice(chaos);
  await chaos.idle();
  return [...unfinished, ...open];
}
