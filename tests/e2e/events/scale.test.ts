import assert from "node:assert/strict";
import {
  addEndpoint,
  startOddReceiver,
  startReceiver,
} from "../../support/receiver.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { work } from "../../support/worker.ts";

const test = shopTests(
  { environment: { WEBHOOK_ALLOW_PRIVATE: "on" } },
  // Events of orders that nobody placed: no books to compare.
  async () => {},
);

/** `.ci/run` takes 10,000. */
const EVENTS = Number(Deno.env.get("EVENTS_TO_SEND") ?? 500);
const EVENTS_PER_ORDER = 4;

/** A machine that does other things as well manages many more. */
const SLOWEST_PER_SECOND = 25;
/** Of the 256 MB that a function may have. */
const MOST_MEGABYTES = 220;

/** Four events each of many orders, all at once. */
async function writeEvents({ stack }: Shop): Promise<void> {
  await stack.sql`
    select toss_private.write_outbox_event(jsonb_build_object(
      'eventType', 'payment.partially_refunded', 'subject', 'scale_' || n / ${EVENTS_PER_ORDER}::int,
      'payload', jsonb_build_object('orderId', 'scale_' || n / ${EVENTS_PER_ORDER}::int, 'transactionKey', 'scale_' || n, 'amount', n)
    ))
    from generate_series(0, ${EVENTS - 1}) as n`;
}

/** Peak memory of the largest process that this one has started, in MB; null where the kernel does not tell. */
async function largestProcess(): Promise<number | null> {
  let largest: number | null = null;
  try {
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const status = await Deno.readTextFile(`/proc/${name}/status`)
        .catch(() => "");
      if (!new RegExp(`^PPid:\\s*${Deno.pid}$`, "m").test(status)) continue;
      if (!/^Name:\s*deno/m.test(status)) continue;
      const kilobytes = Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0);
      largest = Math.max(largest ?? 0, kilobytes / 1024);
    }
  } catch {
    return null;
  }
  return largest;
}

test(`${EVENTS} events reach three of five endpoints in time, in order and in bounded memory, while one hangs and one refuses`, async (shop) => {
  const good = [startReceiver(), startReceiver(), startReceiver()];
  const refusing = startReceiver(() => new Response(null, { status: 500 }));
  const hanging = startOddReceiver(() => new Promise(() => {}));
  try {
    for (const { url } of [...good, refusing, hanging]) {
      await addEndpoint(shop, url);
    }
    const startedAt = Date.now();
    await writeEvents(shop);
    const wanted = EVENTS * good.length;
    const done = () =>
      good.reduce((sum, { received }) => sum + received.length, 0);
    const limit = wanted / SLOWEST_PER_SECOND * 1000;
    while (done() < wanted && Date.now() - startedAt < limit) {
      await Promise.race([
        work(shop, "outbox"),
        new Promise((resolve) => setTimeout(resolve, 2_000)),
      ]);
    }
    const seconds = (Date.now() - startedAt) / 1000;
    await shop.stack.functionsSettled();
    console.log(
      `${wanted} deliveries in ${seconds.toFixed(1)} s, ${
        (wanted / seconds).toFixed(0)
      } a second`,
    );
    for (const { received } of good) {
      const seen = new Set(received.map(({ id }) => id));
      assert.equal(seen.size, EVENTS);
      const last = new Map<unknown, number>();
      for (const { data } of received) {
        const amount = Number(data.amount);
        // A repeat comes again, and nothing overtakes.
        assert.ok(amount >= (last.get(data.orderId) ?? -1), `${data.orderId}`);
        last.set(data.orderId, amount);
      }
    }
    const megabytes = await largestProcess();
    console.log(`${megabytes?.toFixed(0)} MB at most`);
    if (megabytes !== null) {
      assert.ok(megabytes < MOST_MEGABYTES, `${megabytes} MB`);
    }
    const [row] = await shop.stack.sql<{ waiting: number; lost: number }[]>`
      select count(*) filter (where d.status = 'pending')::int as waiting,
        (${EVENTS * 5} - count(*))::int as lost
      from public.webhook_deliveries as d
      join public.outbox_events as v on v.id = d.event_id and v.subject like 'scale_%'`;
    assert.deepEqual({ ...row }, { waiting: EVENTS * 2, lost: 0 });
  } finally {
    await shop.stack.sql`
      update public.webhook_endpoints
      set status = 'disabled', disabled_at = created_at, disabled_reason = 'by_operator' where status = 'active'`;
    hanging.stop();
    await Promise.all([...good, refusing].map((receiver) => receiver.stop()));
  }
});
