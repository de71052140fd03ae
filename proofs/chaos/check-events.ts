import { orderIdsOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";
import { work } from "./worker.ts";

interface Told {
  id: string;
  type: string;
  stream: string;
}

/** What the outbox holds about the run's orders, in the order in which it happened. */
async function toldOf(state: RunState): Promise<Told[]> {
  const ids = await orderIdsOf(state);
  return await state.chaos.stack.sql<Told[]>`
    select id, event_type as type, stream from public.outbox_events
    where subject = any (${ids}) order by sequence`;
}

/** Seconds before each round: past leases, and past the pauses after failures. */
const ROUNDS = [0, 60, 400, 2000];

/** Lets what happened since the run was healed be told, too. */
async function tellTheRest({ chaos }: RunState): Promise<void> {
  for (const seconds of ROUNDS) {
    if (seconds > 0) await chaos.advance(seconds);
    await work(chaos, "outbox");
    await chaos.idle();
    const waiting = await chaos.stack.sql`
      select from public.webhook_deliveries where status = 'pending' limit 1`;
    if (waiting.length === 0) return;
  }
}

/** A payment's money is told before anything that follows from it. */
function isToldTooEarly(told: readonly Told[]): boolean {
  const first = (type: string) =>
    told.findIndex((event) => event.type === type);
  const confirmed = first("payment.confirmed");
  return ["order.paid", "payment.refunded", "payment.partially_refunded"]
    .some((type) => {
      const at = first(type);
      return at >= 0 && (confirmed < 0 || at < confirmed);
    });
}

/**
 * Every event of the run reached the shop's server, in the order of its stream, and none says more than what is true.
 *
 * That every move has exactly one event is an invariant (move_is_told_once).
 */
export async function checkEvents(state: RunState): Promise<Violation[]> {
  await tellTheRest(state);
  const told = await toldOf(state);
  const places = new Map<string, number>();
  state.chaos.receiver.received.forEach(({ id }, place) => {
    if (!places.has(id)) places.set(id, place);
  });
  const streams = Map.groupBy(told, ({ stream }) => stream);
  return [
    ...told.flatMap(({ id, type }) =>
      when(!places.has(id), "lost", `event ${type} ${id} was never sent`)
    ),
    ...[...streams].flatMap(([stream, events]) => {
      const came = events.map(({ id }) => places.get(id) ?? -1);
      const inOrder = came.every((place, index) =>
        index === 0 || place > (came[index - 1] ?? -1)
      );
      const names = events.map(({ type }) => type).join(", ");
      return [
        ...when(
          !inOrder,
          "wrong",
          `events of ${stream} out of order: ${names}`,
        ),
        ...when(
          isToldTooEarly(events),
          "wrong",
          `events of ${stream} say more than is true: ${names}`,
        ),
      ];
    }),
  ];
}
