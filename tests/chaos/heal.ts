import { orderIdsOf, paymentsOf, type RunState } from "./run-state.ts";
import { workTwice } from "./worker.ts";

/** What is not finished, in words; empty when everything is. */
export type Unfinished = string[];

/**
 * Seconds by which time moves on before each round of the worker: past leases
 * and first pauses, then past Toss's 10 and 30 minutes, the order's hour and
 * the longest pause.
 */
const ROUNDS = [
  ...[0, 6, 30, 300, 620, 1300, 1300, 620, 620, 3600],
  ...[620, 620, 620, 620],
];

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
    where p.order_id = any (${ids}) and p.status in ('READY', 'IN_PROGRESS')`;
  return rows.map(({ line }) => line);
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

/**
 * Ends all faults and lets time pass, the worker running twice at once, until
 * nothing is open or a bounded number of rounds is over.
 *
 * Answers what is still unfinished then.
 */
export async function heal(state: RunState): Promise<Unfinished> {
  const { chaos } = state;
  let unfinished: Unfinished = [];
  for (const seconds of ROUNDS) {
    await chaos.advance(seconds);
    releaseHeld(state);
    await workTwice(chaos);
    await chaos.idle();
    unfinished = [
      ...await unfinishedInDatabase(state),
      ...unfinishedAtToss(state),
    ];
    if (unfinished.length === 0) break;
  }
  return unfinished;
}
