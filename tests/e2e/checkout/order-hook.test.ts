import assert from "node:assert/strict";
import { assertBooksAgree } from "../../support/books.ts";
import { buy, placeOrder } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel } from "../../support/cancel.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { work } from "../../support/worker.ts";

const test = shopTests({}, async (shop) => {
  await useHook(shop, null);
  await assertBooksAgree(shop);
});

interface HookEvent {
  orderId: string;
  from: string;
  to: string;
  amount: number;
  refundedAmount: number;
  paymentKey: string | null;
  lines: { productId: string; quantity: number }[];
  at?: string;
}

const SHOP_TABLES = `
  create schema if not exists shop authorization postgres;
  create table if not exists shop.moves (id bigint generated always as identity, event jsonb not null);
  create table if not exists shop.parcels (id text primary key);
  create table if not exists shop.ledger (
    order_id text references shop.parcels (id) deferrable initially deferred
  );
  create sequence if not exists shop.turns;
  alter table shop.moves owner to postgres;
  alter table shop.parcels owner to postgres;
  alter table shop.ledger owner to postgres;
  alter sequence shop.turns owner to postgres;
  truncate shop.moves, shop.ledger, shop.parcels;
`;

/** The shop's own tables and a hook that notes each move and then does what a test wants; null takes it back. */
async function useHook({ stack }: Shop, body: string | null): Promise<void> {
  if (body !== null) {
    await stack.sql.unsafe(`${SHOP_TABLES}
      create or replace function shop.order_moved(event jsonb) returns void language plpgsql as $$
      begin
        insert into shop.moves (event) values (event);
        ${body}
      end;
      $$`).simple();
  }
  const hook = body === null ? null : "shop.order_moved";
  await stack.sql`select public.use_order_hook(${hook}::text)`;
}

async function movesOf({ stack }: Shop, orderId: string): Promise<HookEvent[]> {
  const rows = await stack.sql<{ event: HookEvent }[]>`
    select event from shop.moves where event ->> 'orderId' = ${orderId} order by id`;
  return rows.map(({ event }) => event);
}

async function alertOf({ stack }: Shop, orderId: string) {
  const rows = await stack.sql<{ detail: string }[]>`
    select detail from public.alerts where alert = 'hook_failed' and subject = ${orderId}`;
  return rows[0]?.detail;
}

async function owed({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from toss_private.order_hook_calls`;
  return row?.count ?? 0;
}

/** Lets the worker pay what is owed, hours later. */
async function later(shop: Shop): Promise<void> {
  await shop.stack.advanceClock({ hours: 2 });
  await work(shop, "expiry");
}

test("the hook hears of every move of an order and of every refund, in the same transaction", async (shop) => {
  await useHook(shop, "");
  const { orderId, paymentKey, amount } = await buy(shop, {
    items: [{ productId: "sticker", quantity: 3 }],
  });
  await cancel(shop, { orderId, cancelAmount: 2_000 });
  await cancel(shop, { orderId, cancelAmount: 3_000 });
  await cancel(shop, { orderId });
  const moves = await movesOf(shop, orderId);
  assert.deepEqual(
    moves.map(({ from, to, refundedAmount }) => [from, to, refundedAmount]),
    [
      ["pending", "paid", 0],
      ["paid", "partially_refunded", 2_000],
      ["partially_refunded", "partially_refunded", 5_000],
      ["partially_refunded", "refunded", 9_000],
    ],
  );
  for (const move of moves) {
    assert.equal(move.paymentKey, paymentKey);
    assert.equal(move.amount, amount);
    assert.equal(move.lines[0]?.productId, "sticker");
    assert.equal(move.lines[0]?.quantity, 3);
  }
});

test("an order of nothing comes as paid, without a payment", async (shop) => {
  await useHook(shop, "");
  const answer = await callFunction(shop, "checkout", {
    body: {
      lines: [{ name: "샘플", unitPrice: 0, quantity: 1 }],
      reference: "hook-free",
    },
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const [move, ...more] = await movesOf(shop, String(answer.body.orderId));
  assert.deepEqual(more, []);
  assert.deepEqual([move?.from, move?.to, move?.paymentKey], [
    "pending",
    "paid",
    null,
  ]);
});

const FAULTS: Record<string, string> = {
  "an exception": "raise exception 'out of boxes';",
  "a failed assert": "assert false, 'out of boxes';",
  "a constraint that the shop deferred":
    "insert into shop.ledger values (event ->> 'orderId');",
  "a duplicate": "insert into shop.parcels values ('a'), ('a');",
  "a conflict that is worth a repeat":
    "raise exception using errcode = 'serialization_failure';",
  "a deadlock": "raise exception using errcode = 'deadlock_detected';",
  "a refusal in our own words":
    "raise exception using errcode = 'P0002', message = 'order_not_found';",
  "the removal of the payment":
    "delete from public.payments where order_id = event ->> 'orderId';",
  "an error without a text":
    "raise exception using errcode = 'P0001', message = '';",
};

for (const [what, body] of Object.entries(FAULTS)) {
  test(`${what} in the hook holds up no money, and is called again until it succeeds`, async (shop) => {
    await useHook(shop, body);
    const { sql } = shop.stack;
    const { orderId } = await buy(shop);
    assert.deepEqual(await movesOf(shop, orderId), []);
    assert.match(await alertOf(shop, orderId) ?? "", /1 call\(s\)/);

    await cancel(shop, { orderId });
    assert.match(await alertOf(shop, orderId) ?? "", /2 call\(s\)/);
    assert.deepEqual(await movesOf(shop, orderId), []);

    await sql.unsafe(`
      create or replace function shop.order_moved(event jsonb) returns void language plpgsql as $$
      begin
        insert into shop.moves (event) values (event);
      end;
      $$`).simple();
    await later(shop);
    const moves = await movesOf(shop, orderId);
    assert.deepEqual(moves.map(({ from, to }) => [from, to]), [
      ["pending", "paid"],
      ["paid", "refunded"],
    ]);
    assert.equal(await alertOf(shop, orderId), undefined);
    assert.equal(await owed(shop), 0);
  });
}

test("the names that a hook sets for itself are not those of the code that called it", async (shop) => {
  await useHook(shop, "set search_path to shop, pg_catalog, public;");
  const { orderId } = await buy(shop);
  const [setting] = await shop.stack.sql.begin(async (sql) => {
    await sql`set local search_path to ''`;
    await sql`
      select toss_private.call_order_hook(o, 'pending') from public.orders as o where o.id = ${orderId}`;
    return await sql<
      { path: string }[]
    >`select pg_catalog.current_setting('search_path') as path`;
  });
  assert.ok(['""', ""].includes(setting?.path ?? "none"), setting?.path);
  assert.equal((await cancel(shop, { orderId })).status, 200);
  assert.equal(await owed(shop), 0);
});

test("a hook may open another order of ours", async (shop) => {
  await useHook(
    shop,
    `
    if event ->> 'reference' is null then
      perform public.create_order(jsonb_build_object(
        'requestId', gen_random_uuid(), 'userId', null, 'timeToLiveSeconds', 60, 'mode', 'test',
        'reference', 'gift-' || (event ->> 'orderId'),
        'lines', '[{"name": "gift", "unitPrice": 0, "quantity": 1}]'::jsonb
      ));
    end if;`,
  );
  const { orderId } = await buy(shop);
  assert.equal(await alertOf(shop, orderId), undefined);
  const gifts = await shop.stack.sql<{ status: string }[]>`
    select status from public.orders where reference = ${`gift-${orderId}`}`;
  assert.deepEqual([...gifts], [{ status: "paid" }]);
  assert.equal(await owed(shop), 0);
});

test("a hook that outlasts the statement's time is cut, and the move stands", async (shop) => {
  await useHook(shop, "perform pg_sleep(20);");
  const request = JSON.stringify({
    requestId: crypto.randomUUID(),
    userId: null,
    lines: [{ name: "샘플", unitPrice: 0, quantity: 1 }],
    timeToLiveSeconds: 60,
    mode: "test",
  });
  // As the Data API's role has it on a hosted project, where it is 8 s.
  const [row] = await shop.stack.sql.begin(async (sql) => {
    await sql`set local statement_timeout = '500ms'`;
    return await sql<{ id: string; status: string }[]>`
      select a ->> 'orderId' as id, a ->> 'status' as status
      from public.create_order(${request}::text::jsonb) as a`;
  });
  assert.equal(row?.status, "paid");
  assert.match(await alertOf(shop, row.id) ?? "", /statement timeout/);
});

test("after a cut, the other moves of the same statement are owed and wait for nothing", async (shop) => {
  await useHook(shop, "perform pg_sleep(20);");
  const orders = await Promise.all([1, 2, 3].map(() => placeOrder(shop)));
  const { sql } = shop.stack;
  const startedAt = performance.now();
  await sql.begin(async (sql) => {
    await sql`set local statement_timeout = '500ms'`;
    const request = JSON.stringify({
      limit: 10,
      asOf: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    });
    await sql`select public.expire_orders(${request}::text::jsonb)`;
  });
  assert.ok(performance.now() - startedAt < 10_000);
  const details = await Promise.all(
    orders.map(({ orderId }) => alertOf(shop, orderId)),
  );
  assert.equal(
    details.filter((detail) => /statement timeout/.test(detail ?? "")).length,
    1,
  );
  assert.equal(
    details.filter((detail) => /time was up/.test(detail ?? "")).length,
    2,
  );
  await useHook(shop, "");
  await later(shop);
  assert.equal(await owed(shop), 0);
});

test("each order's owed calls have a statement's time of their own", async (shop) => {
  await useHook(shop, "raise exception 'out of boxes';");
  const purchases = await Promise.all([1, 2, 3].map(() => buy(shop)));
  // What the hook is called in, it notes beside the move.
  await useHook(
    shop,
    `update shop.moves as m set event = m.event || jsonb_build_object('at', statement_timestamp())
     where m.event ->> 'orderId' = order_moved.event ->> 'orderId';`,
  );
  await shop.stack.advanceClock({ hours: 2 });
  assert.equal((await work(shop, "expiry")).hooksCalled, 3);
  const moments = await Promise.all(purchases.map(async ({ orderId }) => {
    const [move] = await movesOf(shop, orderId);
    return move?.at;
  }));
  assert.equal(new Set(moments).size, 3, JSON.stringify(moments));
});

test("a hook that outlasts the time of one order's calls holds up no other order's", async (shop) => {
  await useHook(shop, "raise exception 'out of boxes';");
  const purchases = await Promise.all([1, 2].map(() => buy(shop)));
  await useHook(shop, "perform pg_sleep(20);");
  const { sql } = shop.stack;
  const startedAt = performance.now();
  await sql.begin(async (sql) => {
    await sql`set local statement_timeout = '500ms'`;
    for (const { orderId } of purchases) {
      const request = JSON.stringify({ orderId });
      await sql`select public.run_order_hooks(${request}::text::jsonb)`;
    }
  });
  assert.ok(performance.now() - startedAt < 10_000);
  for (const { orderId } of purchases) {
    assert.match(await alertOf(shop, orderId) ?? "", /statement timeout/);
  }
});

test("a hook that raises on every second call handles every move once, in order", async (shop) => {
  // A sequence is not rolled back with what the hook did.
  await useHook(
    shop,
    "if nextval('shop.turns') % 2 = 0 then raise exception 'every second'; end if;",
  );
  const purchases = await Promise.all(
    Array.from({ length: 10 }, () => buy(shop)),
  );
  await Promise.all(purchases.map(({ orderId }) => cancel(shop, { orderId })));
  for (let round = 0; round < 40 && await owed(shop) > 0; round++) {
    await later(shop);
  }
  assert.equal(await owed(shop), 0);
  for (const { orderId } of purchases) {
    const moves = await movesOf(shop, orderId);
    assert.deepEqual(moves.map(({ to }) => to), ["paid", "refunded"]);
  }
});

test("only functions that are there can be used", async (shop) => {
  const { sql } = shop.stack;
  for (const name of ["nowhere", "public.nowhere", "pg_catalog.jsonb_typeof"]) {
    await assert.rejects(
      async () => await sql`select public.use_order_hook(${name})`,
      /there is no function/,
    );
    await assert.rejects(
      async () => await sql`select public.use_catalogue(${name})`,
      /there is no function/,
    );
  }
});
