import assert from "node:assert/strict";
import type { StackOptions } from "../../../stack/stack.ts";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { addEndpoint, manage, startReceiver } from "../../support/receiver.ts";
import { shopTests } from "../../support/shop-test.ts";
import { callWorker, moveDatabaseClock } from "../../support/worker.ts";

const STEPS = [
  "claim_webhook_lanes",
  "claim_webhook_deliveries",
  "finish_webhook_deliveries",
  "count_due_deliveries",
  "record_job_run",
];

let armed: { step: string; phase: "before" | "after" } | null = null;
let kill: () => Promise<void> = () => Promise.resolve();

const options: StackOptions = {
  environment: { WEBHOOK_ALLOW_PRIVATE: "on" },
  async intercept(request, forward) {
    const cut = armed;
    if (cut === null || !request.url.endsWith(`/rpc/${cut.step}`)) {
      return await forward();
    }
    armed = null;
    if (cut.phase === "after") await (await forward()).arrayBuffer();
    await kill();
    return new Response(null, { status: 503 });
  },
};

const test = shopTests(options);

for (const step of STEPS) {
  for (const phase of ["before", "after"] as const) {
    test(`a run that is killed ${phase} ${step} loses nothing, and the next one goes on in order`, async (shop) => {
      kill = () => shop.stack.killFunctions();
      // Until the purchase is over, which is not what is to be killed.
      let status = 503;
      const receiver = startReceiver(() => new Response(null, { status }));
      try {
        const { id } = await addEndpoint(shop, receiver.url);
        const { orderId } = await buy(shop, ONE_STICKER);
        await shop.stack.functionsSettled();
        await callWorker(shop, { job: "outbox" });
        status = 204;
        armed = { step, phase };
        for (let round = 0; round < 6; round++) {
          // Past every pause, and past the lease of whoever was killed.
          await moveDatabaseClock(shop, 3600);
          await callWorker(shop, { job: "outbox" }).catch(() => {});
        }
        assert.equal(armed, null, `${step} was never called`);
        const first = new Map(
          receiver.received.filter(({ data }) => data.orderId === orderId)
            .reverse().map(({ id, type }) => [id, type]),
        );
        assert.deepEqual([...first.values()].reverse(), [
          "payment.confirmed",
          "order.paid",
        ]);
        const rows = await shop.stack.sql`
          select d.status, d.attempts, d.last_error, d.next_attempt_at, d.lease_expires_at, v.event_type, toss_private.clock_now() as now
          from public.webhook_deliveries as d join public.outbox_events as v on v.id = d.event_id
          where d.endpoint_id = ${id} and d.status <> 'delivered'`;
        assert.deepEqual([...rows], []);
        await manage(shop, { action: "disable", id });
      } finally {
        armed = null;
        await receiver.stop();
      }
    });
  }
}

test("two runs at once send each event once", async (shop) => {
  const receiver = startReceiver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return new Response(null, { status: 204 });
  });
  try {
    const { id } = await addEndpoint(shop, receiver.url);
    for (let index = 0; index < 6; index++) await buy(shop, ONE_STICKER);
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 4 }, () => callWorker(shop, { job: "outbox" })),
      );
    }
    const ids = receiver.received.map((event) => event.id);
    assert.equal(ids.length, 12);
    assert.equal(new Set(ids).size, 12);
    await manage(shop, { action: "disable", id });
  } finally {
    await receiver.stop();
  }
});
