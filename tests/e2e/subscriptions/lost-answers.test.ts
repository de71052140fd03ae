import assert from "node:assert/strict";
import { addPlan, change, changed, subscribe } from "../../support/billing.ts";
import { chargeRows, makeChargesDue } from "../../support/billing-rows.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

/** While `body` runs, what change_subscription does is committed, and its answer is lost. */
async function withoutAnswers(
  { stack: { sql } }: Shop,
  body: () => Promise<void>,
): Promise<void> {
  await sql`alter function public.change_subscription(jsonb) rename to change_subscription_done`;
  await sql`
    create function public.change_subscription(request jsonb) returns jsonb
    language sql volatile security definer set search_path = ''
    as 'select ''{}''::jsonb from public.change_subscription_done(request)'`;
  try {
    await body();
  } finally {
    await sql`drop function public.change_subscription(jsonb)`;
    await sql`alter function public.change_subscription_done(jsonb) rename to change_subscription`;
  }
}

test("an upgrade whose answer from the database was lost: asked for again it is finished, charged once, and answered the same", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user } = subscriber;
  const planId = await addPlan(shop, { price: 40_000 });
  await withoutAnswers(shop, async () => {
    const lost = await change(shop, subscriber, "change_plan", { planId });
    assert.deepEqual([lost.status, lost.body.code], [
      503,
      "storage_unavailable",
    ]);
  });

  // The one whose answer was lost could still be on its way.
  const early = await change(shop, subscriber, "change_plan", { planId });
  await makeChargesDue(shop, user);
  const done = await changed(shop, subscriber, "change_plan", { planId });
  const again = await changed(shop, subscriber, "change_plan", { planId });

  assert.deepEqual([early.status, early.body.code], [
    409,
    "operation_in_progress",
  ]);
  assert.equal(done.planId, planId);
  assert.deepEqual(again, done);
  const upgrades = (await chargeRows(shop, user))
    .filter(({ kind }) => kind === "upgrade");
  assert.deepEqual(upgrades.map(({ status }) => status), ["paid"]);
  const sent = shop.simulator.charges(upgrades[0]?.order_id ?? "");
  assert.equal(sent.length, 1);
});

test("a planned change and an end at once whose answers were lost are answered the same again", async (shop) => {
  const subscriber = await subscribe(shop);
  const planId = await addPlan(shop, { price: 4_000 });
  const lose = (action: string, fields = {}) =>
    withoutAnswers(shop, async () => {
      const { status } = await change(shop, subscriber, action, fields);
      assert.equal(status, 503);
    });

  await lose("change_plan", { planId });
  const planned = await changed(shop, subscriber, "change_plan", { planId });
  await lose("cancel_now");
  const ended = await changed(shop, subscriber, "cancel_now");

  assert.equal(planned.nextPlanId, planId);
  assert.equal(ended.status, "canceled");
  assert.equal((await chargeRows(shop, subscriber.user)).length, 1);
});
