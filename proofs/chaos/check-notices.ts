import { orderIdsOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";
import { work } from "./worker.ts";

interface Notice {
  id: string;
  notice: string;
  channel: string;
  status: string;
  error: string | null;
  order_id: string;
}

/** Seconds after which nobody is told any more, as docs/notices.md says. */
const NOTICE_LIFE_SECONDS = 7 * 86_400;

/** Whether the run left the worker out for so long that its notices are too late. */
function stoodStill({ plan }: RunState): boolean {
  const pauses = plan.moments.flat().map((step) =>
    step.kind === "advance" ? step.seconds : 0
  );
  return Math.max(0, ...pauses) > NOTICE_LIFE_SECONDS;
}

/** Seconds before each round: past leases, and past the pauses of a channel. */
const ROUNDS = [0, 130, 700, 700];

/** Lets what happened since the run was healed be told, too. */
async function tellTheRest({ chaos }: RunState): Promise<void> {
  for (const seconds of ROUNDS) {
    if (seconds > 0) await chaos.advance(seconds);
    await work(chaos, "outbox");
    await chaos.idle();
    const waiting = await chaos.stack.sql`
      select from public.notifications where status = 'pending'
      union all select from toss_private.notices_due limit 1`;
    if (waiting.length === 0) return;
  }
}

/**
 * Every notice of the run reached its buyer on both channels, once each although runs were killed. A pass that was
 * sold past checkout has no address; what a standstill has made too late is not sent.
 *
 * That every cause has its notice, and in order, are invariants (notice_is_made_with_its_cause, notices_are_sent_in_order).
 */
export async function checkNotices(state: RunState): Promise<Violation[]> {
  await tellTheRest(state);
  const { stack } = state.chaos;
  const ids = await orderIdsOf(state);
  const notices = await stack.sql<Notice[]>`
    select n.id, n.notice, n.channel, n.status, n.error, n.order_id
    from public.notifications as n
    join public.orders as o on o.id = n.order_id
    where o.id = any (${ids}) and o.customer_email is not null`;
  const taken = new Map<string, number>();
  for (const { reference } of stack.providers?.mailbox() ?? []) {
    if (reference === null) continue;
    taken.set(reference, (taken.get(reference) ?? 0) + 1);
  }
  const mayBeLate = stoodStill(state);
  return notices.flatMap(({ id, notice, channel, status, error, order_id }) => {
    const named = `${notice} of ${order_id} by ${channel}`;
    const times = taken.get(id) ?? 0;
    return [
      ...when(
        status !== "sent" && !(mayBeLate && error === "too_late"),
        "stuck",
        `${named} is ${status} (${error})`,
      ),
      ...when(status === "sent" && times === 0, "lost", `${named} never came`),
      ...when(times > 1, "double", `${named} came ${times} times`),
    ];
  });
}
