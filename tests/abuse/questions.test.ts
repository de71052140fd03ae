import assert from "node:assert/strict";
import { buy, placeOrder } from "../support/buy.ts";
import { orderRow } from "../support/database.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { cancelAtToss } from "../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../support/webhooks.ts";
import { moveDatabaseClock, queriesSince, work } from "../support/worker.ts";

const test = shopTests();

/** What strangers may make us ask about one order, and about all of them, within a minute. */
const PER_ORDER = 5;
const ALL_ORDERS = 60;

const DAY_SECONDS = 86_400;
let days = 0;

/** Lets what follows begin with budgets of its own, later than all that was before; each test begins at the real time. */
async function anotherDay(shop: Shop): Promise<void> {
  await shop.stack.resetClock();
  await moveDatabaseClock(shop, ++days * DAY_SECONDS);
}

/** Forged events about payments that do not exist, by every key at once. */
function forgeries(orderId: string, count: number): unknown[] {
  return Array.from({ length: count }, (_, index) =>
    statusChanged(
      index % 2 === 0
        ? { orderId, paymentKey: crypto.randomUUID() }
        : { orderId, nonce: index },
    ));
}

async function deliverAll(shop: Shop, bodies: unknown[]): Promise<void> {
  for (const body of bodies) {
    assert.equal((await deliverWebhook(shop, body)).status, 200);
  }
  await settleWebhooks(shop);
}

test("40 forged events on one order lead to five questions, in the minute and in each one after it", async (shop) => {
  withoutWebhooks(shop);
  const paid = await buy(shop);
  const pending = await placeOrder(shop);
  for (const { orderId } of [paid, pending]) {
    await anotherDay(shop);
    // The last of the five is kept for a payment that is known here.
    const inventedKeys = orderId === paid.orderId ? PER_ORDER - 1 : PER_ORDER;
    const before = shop.simulator.requests().length;
    await deliverAll(shop, forgeries(orderId, 40));
    const inMinute = queriesSince(shop, before).length;
    assert.equal(inMinute, inventedKeys);
    let minutes = 0;
    for (; minutes < 20; minutes++) {
      await moveDatabaseClock(shop, 61);
      const { remaining } = await work(shop, "webhooks");
      await settleWebhooks(shop);
      if (remaining === 0 && await waiting(shop) === 0) break;
    }
    const later = queriesSince(shop, before).length - inMinute;
    assert.ok(later <= PER_ORDER * (minutes + 1), `${later} in ${minutes} min`);
    assert.equal(await waiting(shop), 0);
  }
});

test("40 forged events on one order, by its own payment and by invented ones, lead to five questions a minute", async (shop) => {
  withoutWebhooks(shop);
  await anotherDay(shop);
  const paid = await buy(shop);
  const { orderId, paymentKey } = paid;
  const before = shop.simulator.requests().length;

  await deliverAll(shop, forgeries(orderId, 20));
  await deliverAll(shop, [statusChanged({ orderId, paymentKey })]);
  const asked = queriesSince(shop, before);
  assert.equal(asked.length, PER_ORDER);
  assert.equal(asked.at(-1), `/v1/payments/${paymentKey}`);

  await anotherDay(shop);
  const second = shop.simulator.requests().length;
  const known = Array.from(
    { length: 20 },
    (_, nonce) => statusChanged({ orderId, paymentKey, nonce }),
  );
  await deliverAll(shop, [
    ...known.slice(0, 10),
    ...forgeries(orderId, 20),
    ...known.slice(10),
  ]);
  assert.equal(queriesSince(shop, second).length, PER_ORDER);

  // The worker looks once more at the payment that is known here, whoever has spent the budget.
  await moveDatabaseClock(shop, 61);
  const worker = shop.simulator.requests().length;
  await work(shop, "webhooks");
  await settleWebhooks(shop);
  assert.ok(queriesSince(shop, worker).length <= PER_ORDER);
  for (let minute = 0; await waiting(shop) > 0; minute++) {
    assert.ok(minute < 20);
    await moveDatabaseClock(shop, 61);
    await work(shop, "webhooks");
    await settleWebhooks(shop);
  }
});

test("events about many known payments lead to three hundred questions a minute, unless Toss's own senders brought them", async (shop) => {
  await anotherDay(shop);
  const [over] = await shop.stack.sql<{ before: boolean; after: boolean }[]>`
    with asked as (
      insert into public.webhook_events (
        dedupe_key, event_type, order_id, payload, status, processed_at, leased_at, next_attempt_at, received_at,
        created_at, verified_by
      )
      select format('id:asked-%s', n), 'PAYMENT_STATUS_CHANGED', format('order-%s', n), '{}', 'processed', c.at, c.at,
        c.at, c.at, c.at, 're-query'
      from generate_series(1, 300) as n, (select toss_private.clock_now() as at) as c
      returning 1
    )
    select toss_private.webhook_questions_are_many(toss_private.clock_now()) as before, (select count(*) = 300 from asked) as after`;
  assert.deepEqual({ ...over }, { before: false, after: true });
  const many = async () => {
    const [row] = await shop.stack.sql<{ many: boolean }[]>`
      select toss_private.webhook_questions_are_many(toss_private.clock_now()) as many`;
    return row?.many;
  };
  assert.equal(await many(), true);
  await shop.stack.sql`
    update public.webhook_events set from_toss = true where dedupe_key = 'id:asked-1'`;
  assert.equal(await many(), false);
  await shop.stack.sql`
    delete from public.webhook_events where dedupe_key like 'id:asked-%'`;
});

async function waiting({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from public.webhook_events
    where status in ('received', 'processing', 'failed')`;
  return row?.count ?? 0;
}

test("forged events over many orders lead to sixty questions a minute in all, and a known payment does not wait for them", async (shop) => {
  withoutWebhooks(shop);
  await anotherDay(shop);
  const refunded = await buy(shop);
  await cancelAtToss(shop, refunded.paymentKey);
  const orders = await Promise.all(
    Array.from({ length: 30 }, () => placeOrder(shop)),
  );
  const before = shop.simulator.requests().length;

  await deliverAll(
    shop,
    orders.flatMap(({ orderId }) => forgeries(orderId, 4)),
  );
  const asked = queriesSince(shop, before).length;
  assert.equal(asked, ALL_ORDERS);

  // Within the same minute: neither the next stranger nor the worker asks, and a payment that we know does.
  await work(shop, "webhooks");
  await deliverAll(shop, forgeries(orders[0]?.orderId ?? "", 1));
  assert.equal(queriesSince(shop, before).length, asked);
  const { orderId, paymentKey } = refunded;
  await deliverAll(shop, [statusChanged({ orderId, paymentKey })]);
  assert.equal((await orderRow(shop, orderId)).status, "refunded");

  for (let minute = 1; await waiting(shop) > 0; minute++) {
    await moveDatabaseClock(shop, 61);
    const start = queriesSince(shop, before).length;
    await work(shop, "webhooks");
    await settleWebhooks(shop);
    const inMinute = queriesSince(shop, before).length - start;
    assert.ok(inMinute <= ALL_ORDERS, `${inMinute} in minute ${minute}`);
    assert.ok(minute < 20);
  }
});

test("after an outage what Toss's own senders brought goes before a stranger's, and a known payment before both", async (shop) => {
  withoutWebhooks(shop);
  await anotherDay(shop);
  const known = await buy(shop);
  const orders = await Promise.all([placeOrder(shop), placeOrder(shop)]);
  const [strangers, fromToss] = orders.map(({ orderId }) => orderId);
  // The order in which they came is the reverse of that in which they must be looked into.
  const bodies = [
    statusChanged({ orderId: strangers }),
    statusChanged({ orderId: fromToss }),
    statusChanged({ orderId: known.orderId, paymentKey: known.paymentKey }),
  ];
  for (const body of bodies) {
    await store(shop, body, body.data.orderId === fromToss);
  }
  const { orderId: first } = await claimOne(shop);
  const { orderId: second } = await claimOne(shop);
  const { orderId: third } = await claimOne(shop);
  assert.deepEqual([first, second, third], [
    known.orderId,
    fromToss,
    strangers,
  ]);
  await moveDatabaseClock(shop, 600);
  await work(shop, "webhooks");
});

let stored = 0;

/** Stores an event that nobody looks into, as when Toss is away. */
async function store(
  { stack }: Shop,
  { eventType, data }: ReturnType<typeof statusChanged>,
  fromToss: boolean,
): Promise<void> {
  await stack.sql`
    insert into public.webhook_events (
      dedupe_key, event_type, order_id, payment_key, from_toss, payload, next_attempt_at, received_at, created_at
    ) values (
      ${`id:outage-${++stored}`}, ${eventType}, ${String(data.orderId)},
      ${
    data.paymentKey === undefined ? null : String(data.paymentKey)
  }, ${fromToss}, '{}',
      toss_private.clock_now() - interval '1 hour' + make_interval(secs => ${stored}), toss_private.clock_now(),
      toss_private.clock_now()
    )`;
}

async function claimOne({ stack }: Shop): Promise<{ orderId: string }> {
  const request = {
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 60,
    limit: 1,
  };
  const [row] = await stack.sql<
    { claimed: { events: { orderId: string }[] } }[]
  >`
    select public.claim_webhook_events(${stack.sql.json(request)}) as claimed`;
  const [event] = row?.claimed.events ?? [];
  assert.ok(event);
  return event;
}
