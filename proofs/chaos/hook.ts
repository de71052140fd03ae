import { waitUntil } from "../../stack/wait-until.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import type { HookPlan } from "./plan.ts";
import { orderIdsOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";

/**
 * A shop with an order hook of its own. It notes each move, and then raises as often as its run says: what it noted is
 * undone with what it raised, so that a note that stands is a call that has succeeded. Only the sequence remembers.
 */
export const SHOP_WITH_HOOK = `
  create schema chaos_shop authorization postgres;
  create table chaos_shop.moves (id bigint generated always as identity primary key, event jsonb not null);
  create table chaos_shop.runs (run text primary key, raises text not null, share double precision not null);
  create table chaos_shop.parcels (id text primary key);
  create table chaos_shop.ledger (
    order_id text references chaos_shop.parcels (id) deferrable initially deferred
  );
  create sequence chaos_shop.raised;
  alter table chaos_shop.moves owner to postgres;
  alter table chaos_shop.runs owner to postgres;
  alter table chaos_shop.parcels owner to postgres;
  alter table chaos_shop.ledger owner to postgres;
  alter sequence chaos_shop.raised owner to postgres;
  create function chaos_shop.order_moved(event jsonb) returns void language plpgsql as $$
  declare
    way text;
  begin
    insert into chaos_shop.moves (event) values (order_moved.event);
    select r.raises into way from chaos_shop.runs as r
    where r.run = order_moved.event -> 'metadata' ->> 'run' and random() < r.share;
    if not found then
      return;
    end if;
    perform nextval('chaos_shop.raised');
    case way
      when 'an exception' then raise exception 'out of boxes';
      when 'a failed assert' then assert false, 'out of boxes';
      -- Checked when everything else has succeeded.
      when 'a deferred constraint' then
        insert into chaos_shop.ledger values (order_moved.event ->> 'orderId');
    end case;
  end;
  $$;
  alter function chaos_shop.order_moved(jsonb) owner to postgres;
  select public.use_order_hook('chaos_shop.order_moved');`;

/** The hook of this run's orders raises from now on as planned. */
export async function breakHook(
  { chaos: { stack }, run }: RunState,
  { raises, share }: HookPlan,
): Promise<void> {
  await stack
    .sql`insert into chaos_shop.runs values (${run}, ${raises}, ${share})`;
}

/** The shop mends its hook; the database may be coming up again. */
export async function mendHook({ chaos, run }: RunState): Promise<void> {
  const isMended = await waitUntil(
    () =>
      chaos.stack.sql`update chaos_shop.runs set share = 0 where run = ${run}`
        .then(() => true, () => false),
    { timeoutMs: 10_000 },
  );
  if (!isMended) throw new Error("the database does not come back");
}

/** How often hooks have raised on this stack so far. */
export async function countRaised(
  { stack }: Pick<ChaosStack, "stack">,
): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select case when s.is_called then s.last_value else 0 end::int as count from chaos_shop.raised as s`;
  return row?.count ?? 0;
}

interface Move {
  from: string;
  to: string;
  refundedAmount: number;
}

interface OrderRow {
  id: string;
  status: string;
  /** By the audit log, oldest first: `from>to`. */
  audited: string[];
  /** What the hook has noted, oldest first. */
  moves: Move[];
  /** Of the payment that pays it, KRW. */
  refunded: number;
}

async function readOrders(state: RunState): Promise<OrderRow[]> {
  const ids = await orderIdsOf(state);
  return await state.chaos.stack.sql<OrderRow[]>`
    select o.id, o.status,
      array(
        select v.from_status || '>' || v.to_status from public.payment_events as v
        where v.order_id = o.id and v.event = 'order_status' and v.from_status is not null order by v.id
      ) as audited,
      coalesce((
        select jsonb_agg(m.event order by m.id) from chaos_shop.moves as m where m.event ->> 'orderId' = o.id
      ), '[]') as moves,
      coalesce((
        select p.total_amount - p.balance_amount from public.payments as p where p.payment_key = o.payment_key
      ), 0)::float8 as refunded
    from public.orders as o where o.id = any (${ids})`;
}

/** Whether each refund that the hook heard of gave back more than the one before it. */
function areRefundsInOrder(moves: Move[]): boolean {
  return moves.every(({ from, to, refundedAmount }, index) =>
    from !== to || refundedAmount > (moves[index - 1]?.refundedAmount ?? 0)
  );
}

function checkOrder(
  { id, status, audited, moves, refunded }: OrderRow,
): Violation[] {
  const heard = moves.filter(({ from, to }) => from !== to)
    .map(({ from, to }) => `${from}>${to}`);
  const told = moves.at(-1)?.refundedAmount ?? 0;
  const isRefund = status === "refunded" || status === "partially_refunded";
  const name = `the order hook of ${id}`;
  return [
    ...when(
      heard.length < audited.length,
      "lost",
      `${name} heard of ${heard.join(" ")}, not of ${audited.join(" ")}`,
    ),
    ...when(
      heard.length > audited.length,
      "double",
      `${name} heard of ${heard.join(" ")}, but there was ${audited.join(" ")}`,
    ),
    ...when(
      heard.length === audited.length && heard.join() !== audited.join(),
      "wrong",
      `${name} heard of ${heard.join(" ")} instead of ${audited.join(" ")}`,
    ),
    ...when(
      !areRefundsInOrder(moves),
      "wrong",
      `${name} heard of refunds out of order: ${JSON.stringify(moves)}`,
    ),
    ...when(
      isRefund && told !== refunded,
      "lost",
      `${name} was told of ${told} given back, not of ${refunded}`,
    ),
  ];
}

/** Each move of each order has reached the shop once, in order, however often its hook raised. */
export async function checkHook(state: RunState): Promise<Violation[]> {
  return (await readOrders(state)).flatMap(checkOrder);
}
