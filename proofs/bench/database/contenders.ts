import postgres, { type Sql } from "postgres";
import type { Contender, Load } from "../contest.ts";
import {
  applyWebhook,
  type BenchPayment,
  confirmPayment,
  placeOrder,
  receiveWebhook,
  webhookBody,
} from "./payment.ts";

/** Toss is asked about one payment at most twenty times a minute; the rest would wait for the worker. */
const WEBHOOKS_PER_PAYMENT = 10;

/** The names of the contenders. */
export const OURS = "this project";
export const BARE = "one bare plpgsql call";
export const GUIDES = "the guides' handler";

const PEER_TABLES = `
  create schema bench;
  create table bench.orders (id text primary key, amount int, status text, revision bigint default 0, updated_at timestamptz);
  create table bench.events (
    id bigint generated always as identity primary key, key text not null unique, payload jsonb not null,
    status text not null default 'pending', done_at timestamptz
  );
  create table bench.log (
    id bigint generated always as identity primary key, order_id text, from_status text, to_status text,
    at timestamptz default now()
  );
  create function bench.store_and_apply(event_key text, paid_order_id text, body jsonb)
  returns text language plpgsql as $$
  declare
    event_id bigint;
    paid bench.orders;
  begin
    insert into bench.events (key, payload) values (event_key, body) on conflict (key) do nothing returning id into event_id;
    if event_id is null then return 'duplicate'; end if;
    select * into paid from bench.orders where id = paid_order_id for update;
    update bench.orders set status = body -> 'data' ->> 'status', revision = revision + 1, updated_at = now() where id = paid_order_id;
    insert into bench.log (order_id, from_status, to_status) values (paid_order_id, paid.status, body -> 'data' ->> 'status');
    update bench.events set status = 'processed', done_at = now() where id = event_id;
    return 'ok';
  end $$;
  create table bench.guide_orders (id text primary key, amount int not null, status text not null default 'PENDING');
  create table bench.guide_events (id bigserial primary key, event_id text unique, payload jsonb, processed bool default false);`;

/** A pool for each number of connections, so that its sessions stay warm. */
function poolsOf(url: string) {
  const pools = new Map<number, Sql>();
  return {
    of(connections: number): Sql {
      const known = pools.get(connections);
      if (known !== undefined) return known;
      const pool = postgres(url, { max: connections, onnotice: () => {} });
      pools.set(connections, pool);
      return pool;
    },
    stop: () => Promise.all([...pools.values()].map((pool) => pool.end())),
  };
}

async function work(
  { connections, calls }: Load,
  call: (n: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    for (let n = next++; n < calls; n = next++) await call(n);
  }));
  return (performance.now() - startedAt) / 1000;
}

async function payments(sql: Sql, count: number): Promise<BenchPayment[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const payment = await placeOrder(sql);
    await confirmPayment(sql, payment);
    return payment;
  }));
}

/**
 * Those that work in a database of the stack: each stores a webhook once, brings its order to the state it tells, and
 * notes that it did. `calls` is how many each will make in all.
 */
export async function databaseContenders(
  { admin, url, calls }: { admin: Sql; url: string; calls: number },
): Promise<{ contenders: Contender[]; stop(): Promise<unknown> }> {
  await admin.unsafe(PEER_TABLES);
  const peers = Math.ceil(calls / WEBHOOKS_PER_PAYMENT);
  await admin`insert into bench.orders select 'o' || n, 3000, 'READY', 0, now() from generate_series(0, ${peers}::int) as n`;
  await admin`insert into bench.guide_orders select 'o' || n, 3000 from generate_series(0, ${peers}::int) as n`;
  await admin.unsafe(`
    grant usage on schema bench to postgres;
    grant all on all tables in schema bench to postgres;
    grant all on all sequences in schema bench to postgres;
    grant execute on all functions in schema bench to postgres`);
  const pools = poolsOf(url);
  const ours = await payments(pools.of(8), peers);
  await admin.unsafe("vacuum analyze");

  let made = 0;
  const bodyOf = () => {
    const payment = ours[made++ % ours.length];
    if (payment === undefined) throw new Error("there are no payments");
    return { payment, n: made, order: `o${made % peers}` };
  };
  return {
    stop: () => pools.stop(),
    contenders: [{
      name: OURS,
      run: (load) => {
        const sql = pools.of(load.connections);
        return work(load, async () => {
          const { payment } = bodyOf();
          await applyWebhook(sql, payment, await receiveWebhook(sql, payment));
        });
      },
    }, {
      name: BARE,
      run: (load) => {
        const sql = pools.of(load.connections);
        return work(load, async () => {
          const { payment, n, order } = bodyOf();
          const body = JSON.stringify(webhookBody(payment));
          await sql`select bench.store_and_apply(${`k${n}`}, ${order}, ${body}::text::jsonb)`;
        });
      },
    }, {
      name: GUIDES,
      run: (load) => {
        const sql = pools.of(load.connections);
        return work(load, async () => {
          const { payment, n, order } = bodyOf();
          const id = `e${n}`;
          const known =
            await sql`select 1 from bench.guide_events where event_id = ${id}`;
          if (known.length > 0) return;
          const body = JSON.stringify(webhookBody(payment));
          await sql`insert into bench.guide_events (event_id, payload) values (${id}, ${body}::text::jsonb)`;
          await sql`update bench.guide_orders set status = 'DONE' where id = ${order}`;
          await sql`update bench.guide_events set processed = true where event_id = ${id}`;
        });
      },
    }],
  };
}
