import assert from "node:assert/strict";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { examine } from "../../support/doctor.ts";
import { addEndpoint, manage, startReceiver } from "../../support/receiver.ts";
import { shopTests } from "../../support/shop-test.ts";
import { callWorker, work } from "../../support/worker.ts";

const test = shopTests({ environment: { WEBHOOK_ALLOW_PRIVATE: "on" } });

test("a receiver that fails is named by alerts and doctor, first as failing, then for what it lost", async (shop) => {
  const { sql } = shop.stack;
  const receiver = startReceiver(() => new Response(null, { status: 500 }));
  const alerts = async (id: string) =>
    [
      ...await sql<{ alert: string; level: string }[]>`
        select alert, level from public.alerts where subject = ${id} order by alert`,
    ].map(({ alert, level }) => `${alert} ${level}`);
  const finding = async () =>
    (await examine(shop)).find(({ check }) => check === "webhook_endpoints");
  try {
    const { id } = await addEndpoint(shop, receiver.url, {
      eventTypes: ["order.paid"],
    });
    assert.equal((await finding())?.level, "ok");
    await buy(shop, ONE_STICKER);
    await work(shop, "outbox");
    assert.deepEqual(await alerts(id), []);
    await sql`
      update public.webhook_endpoints set failing_since = failing_since - interval '2 hours' where id = ${id}`;
    assert.deepEqual(await alerts(id), ["endpoint_failing warning"]);
    const found = await finding();
    assert.equal(found?.level, "warn");
    assert.match(found.detail, /1 failing/);

    let asOf = await shop.stack.now();
    for (let attempt = 1; attempt < 10; attempt++) {
      asOf = new Date(asOf.getTime() + 25 * 3600_000);
      await sql`
        update public.webhook_endpoints set failing_since = ${asOf.toISOString()} where id = ${id}`;
      await callWorker(shop, { job: "outbox", asOf: asOf.toISOString() });
    }
    await sql`
      update public.webhook_endpoints set failing_since = null, last_failed_at = null where id = ${id}`;
    await sql`
      update public.webhook_deliveries set finished_at = created_at where endpoint_id = ${id} and status = 'failed'`;
    assert.deepEqual(await alerts(id), ["delivery_failed warning"]);
    await manage(shop, { action: "disable", id });
    assert.deepEqual(await alerts(id), []);
  } finally {
    await receiver.stop();
  }
});
