import assert from "node:assert/strict";
import {
  addPlan,
  change,
  changed,
  prepare,
  registerCard,
  subscribe,
} from "../../support/billing.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { guestClient, signUp, type User } from "../../../stack/users.ts";

const test = shopTests();

function withdraw({ stack }: Shop, planId: string) {
  return stack.sql`update public.plans set active = false where id = ${planId}`;
}

async function readsPlan({ client }: Pick<User, "client">, planId: string) {
  const { data, error } = await client.from("plans").select("id")
    .eq("id", planId);
  assert.equal(error, null);
  return data?.length === 1;
}

test("who pays for a withdrawn plan, or has planned to, reads its row; nobody else does", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, planId } = subscriber;
  const nextPlanId = await addPlan(shop, { price: 4_000 });
  await changed(shop, subscriber, "change_plan", { planId: nextPlanId });
  const stranger = await signUp(shop);
  const former = await subscribe(shop, { planId });
  await changed(shop, former, "cancel_now");

  for (const id of [planId, nextPlanId]) {
    await withdraw(shop, id);
    assert.equal(await readsPlan(user, id), true);
    assert.equal(await readsPlan(stranger, id), false);
    assert.equal(await readsPlan(former.user, id), false);
    assert.equal(await readsPlan({ client: guestClient(shop) }, id), false);
  }
  await changed(shop, subscriber, "change_plan", { planId });
  assert.equal(await readsPlan(user, nextPlanId), false);
});

test("a subscription is read with its plan, by the name of the reference", async (shop) => {
  const { user, planId } = await subscribe(shop);
  await withdraw(shop, planId);

  const { data, error } = await user.client.from("subscriptions")
    .select("status, plan:plans!subscriptions_plan_id_fkey(id, price)");

  assert.equal(error, null);
  assert.deepEqual(data, [{
    status: "active",
    plan: { id: planId, price: 10_000 },
  }]);
});

test("the rule about plans is asked once a query, however many plans there are", async (shop) => {
  const { user } = await subscribe(shop);
  const lines = await shop.stack.sql.begin(async (sql) => {
    await sql`
      select set_config('request.jwt.claims', ${
      JSON.stringify({ sub: user.id, role: "authenticated" })
    }, true)`;
    await sql`set local role authenticated`;
    return await sql<{ "QUERY PLAN": string }[]>`
      explain (analyze, timing off, summary off) select id from public.plans`;
  });

  const plan = lines.map((line) => line["QUERY PLAN"]).join("\n");
  assert.doesNotMatch(plan, /loops=([2-9]|\d\d)/, plan);
});

test("a second plan of a group is 409, names the live subscription and the way to change it", async (shop) => {
  const group = crypto.randomUUID();
  const planId = await addPlan(shop, { group });
  const pro = await addPlan(shop, { group, price: 30_000 });
  const alone = await addPlan(shop);
  const subscriber = await subscribe(shop, { planId });
  const { user, subscription } = subscriber;

  const refused = await prepare(shop, user, { planId: pro });
  const same = await prepare(shop, user, { planId });
  const beside = await registerCard(shop, user, { planId: alone });
  assert.ok(beside.subscription);
  const byChange = await change(
    shop,
    { user, subscription: beside.subscription },
    "change_plan",
    { planId: pro },
  );

  for (const { status, body } of [refused, byChange]) {
    assert.deepEqual([status, body.code], [409, "already_subscribed"]);
    assert.deepEqual(body.details, {
      subscriptionId: subscription.id,
      hint: "change_plan",
    });
  }
  assert.deepEqual([same.status, same.body.details], [409, {
    subscriptionId: subscription.id,
  }]);
  const after = await changed(shop, subscriber, "change_plan", { planId: pro });
  assert.equal(after.planId, pro);
});
