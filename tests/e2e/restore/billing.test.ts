import assert from "node:assert/strict";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import {
  addPlan,
  callCharge,
  change,
  changed,
  charge,
  issue,
  registerCard,
  registerInWindow,
  subscribe,
} from "../../support/billing.ts";
import {
  chargeRows,
  justAfter,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { cancel } from "../../support/cancel.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp, type User } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks } from "../../support/worker.ts";

const test = shopTests({ environment: { AD_HOC_CHARGES: "on" } });

const DAY_SECONDS = 86_400;

/** The database is as it was before `doings`; Toss is not. */
async function lose<Result>(
  shop: Shop,
  doings: () => Promise<Result>,
): Promise<Result> {
  const backup = await takeBackup(shop);
  const result = await doings();
  await settleWebhooks(shop);
  await restoreBackup(shop, backup);
  return result;
}

/** What the runbook does first: the database learns that it was restored. */
async function noteRestore({ stack }: Shop, backupAt: string): Promise<void> {
  await stack.sql`select toss_private.note_restore(${backupAt})`;
}

/** The database's time. */
async function databaseTime({ stack }: Shop): Promise<string> {
  const [row] = await stack.sql<{ now: string }[]>`
    select toss_private.clock_now()::text as now`;
  assert.ok(row);
  return row.now;
}

/** Both clocks stand a second after a moment. */
async function advanceTo(shop: Shop, moment: string): Promise<void> {
  const wait = (Date.parse(moment) - shop.simulator.now()) / 1000;
  await advance(shop, Math.ceil(wait) + 1);
}

/** How often Toss has taken money from a user's cards. */
async function approvalsOf(shop: Shop, { id }: User): Promise<number> {
  const [row] = await shop.stack.sql<{ key: string }[]>`
    select customer_key::text as key from public.customers where user_id = ${id}`;
  return shop.simulator.charges()
    .filter(({ customerKey, outcome }) =>
      customerKey === row?.key && outcome === "DONE"
    ).length;
}

/** Each charge of a user with the state it is in, oldest first. */
async function charges(shop: Shop, user: User) {
  return (await chargeRows(shop, user)).map(({ kind, status }) =>
    `${kind} ${status}`
  );
}

test("a renewal that a restore forgot is adopted, not charged again", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  const asOf = justAfter(subscription.currentPeriodEnd);
  await lose(shop, () => charge(shop, { subscriptionId, asOf }));

  const { paid } = await charge(shop, { subscriptionId, asOf });

  assert.equal(paid, 1);
  assert.deepEqual(await charges(shop, user), ["start paid", "renewal paid"]);
  assert.equal(await approvalsOf(shop, user), 2);
});

test("a renewal that a restore forgot is adopted when Toss has forgotten its key", async (shop) => {
  await alignClocks(shop);
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  const asOf = justAfter(subscription.currentPeriodEnd);
  await lose(shop, () => charge(shop, { subscriptionId, asOf }));
  await advance(shop, 16 * DAY_SECONDS);

  const { paid } = await charge(shop, { subscriptionId, asOf });

  assert.equal(paid, 1);
  assert.deepEqual(await charges(shop, user), ["start paid", "renewal paid"]);
  assert.equal(await approvalsOf(shop, user), 2);
});

test("a renewal that was charged to a card that a restore forgot is adopted", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  const asOf = justAfter(subscription.currentPeriodEnd);
  await lose(shop, async () => {
    const { billingMethodId } = await registerCard(shop, user);
    const moved = await change(shop, { user, subscription }, "change_method", {
      billingMethodId,
    });
    assert.equal(moved.status, 200, JSON.stringify(moved.body));
    await charge(shop, { subscriptionId, asOf });
  });

  const { paid } = await charge(shop, { subscriptionId, asOf });

  assert.equal(paid, 1);
  assert.equal(await approvalsOf(shop, user), 2);
});

test("declines and the payment after them come back in their order", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  const asOf = justAfter(subscription.currentPeriodEnd);
  shop.simulator.declineCharges({ code: "REJECT_CARD_PAYMENT", count: 1 });
  await lose(shop, async () => {
    assert.equal((await charge(shop, { subscriptionId, asOf })).declined, 1);
    const retried = await change(
      shop,
      { user, subscription },
      "retry_payment",
    );
    assert.equal(retried.status, 200, JSON.stringify(retried.body));
  });
  assert.equal(await approvalsOf(shop, user), 2);

  assert.equal((await charge(shop, { subscriptionId, asOf })).declined, 1);
  await change(shop, { user, subscription }, "retry_payment");

  assert.deepEqual(await charges(shop, user), ["start paid", "renewal paid"]);
  assert.equal(await approvalsOf(shop, user), 2);
});

test("a refunded renewal that a restore forgot is not taken for a paid one", async (shop) => {
  await alignClocks(shop);
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  const asOf = justAfter(subscription.currentPeriodEnd);
  await lose(shop, async () => {
    await charge(shop, { subscriptionId, asOf });
    const [, renewal] = await chargeRows(shop, user);
    const answer = await cancel(shop, { orderId: renewal?.order_id });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    await advance(shop, DAY_SECONDS);
  });

  await charge(shop, { subscriptionId, asOf });

  assert.equal(await approvalsOf(shop, user), 2);
  const row = await subscriptionRow(shop, subscriptionId);
  assert.equal(row.status, "canceled");
});

test("an ad hoc charge that a restore forgot is not made again under its requestId", async (shop) => {
  const user = await signUp(shop);
  await registerCard(shop, user);
  const body = {
    userId: user.id,
    amount: 4_000,
    orderName: "추가 좌석",
    requestId: "seat-1",
  };
  const first = await lose(shop, () => callCharge(shop, body));
  assert.equal(first.status, 200, JSON.stringify(first.body));

  const again = await callCharge(shop, body);

  assert.deepEqual(again.body.charge, first.body.charge);
  assert.equal(again.body.paid, 1, JSON.stringify(again.body));
  assert.equal(await approvalsOf(shop, user), 1);
});

test("an upgrade that a restore forgot is adopted with the amount that Toss took", async (shop) => {
  await alignClocks(shop);
  const { user, subscription } = await subscribe(shop);
  const planId = await addPlan(shop, { price: 30_000 });
  const upgrade = () =>
    change(shop, { user, subscription }, "change_plan", { planId });
  const first = await lose(shop, upgrade);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  await advance(shop, DAY_SECONDS);

  const again = await upgrade();

  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(await approvalsOf(shop, user), 2);
  const row = await subscriptionRow(shop, subscription.id);
  assert.equal(row.plan_id, planId);
});

test("a registration and its first charge that a restore forgot are had again with the same authKey", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await lose(shop, async () => {
    const registration = await registerInWindow(shop, user, { planId });
    const { authKey, customerKey } = registration;
    const body = { authKey, customerKey, planId };
    assert.equal((await issue(shop, user, body)).status, 201);
    return registration;
  });
  // The page asks for a customerKey again.
  await registerInWindow(shop, user, { planId });

  const again = await issue(shop, user, { authKey, customerKey, planId });

  assert.equal(again.status, 201, JSON.stringify(again.body));
  assert.deepEqual(await charges(shop, user), ["start paid"]);
  assert.equal(await approvalsOf(shop, user), 1);
});

test("who subscribes again after a restore with another card is not charged twice, and keeps the next periods' ids", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const lost = await lose(shop, async () => {
    const subscriber = await subscribe(shop, { planId, user });
    const { id, currentPeriodEnd } = subscriber.subscription;
    const asOf = justAfter(currentPeriodEnd);
    await charge(shop, { subscriptionId: id, asOf });
    return subscriber;
  });

  const { subscription } = await subscribe(shop, { planId, user });

  assert.equal(subscription.id, lost.subscription.id);
  assert.equal(await approvalsOf(shop, user), 2);
  const asOf = justAfter(subscription.currentPeriodEnd);
  await charge(shop, { subscriptionId: subscription.id, asOf });
  assert.equal(await approvalsOf(shop, user), 2);
});

test("after note_restore a later attempt that was paid is found before an earlier one is sent with another card", async (shop) => {
  await alignClocks(shop);
  const { user, subscription } = await subscribe(shop);
  const subscriptionId = subscription.id;
  await advanceTo(shop, subscription.currentPeriodEnd);
  const backupAt = await databaseTime(shop);
  // Toss need not keep a record of what it declined.
  shop.simulator.changeSettings({ keepDeclinedCharges: false });
  shop.simulator.declineCharges({ code: "REJECT_CARD_PAYMENT", count: 1 });
  await lose(shop, async () => {
    assert.equal((await charge(shop, { subscriptionId })).declined, 1);
    await registerCard(shop, user);
  });
  assert.equal(await approvalsOf(shop, user), 2);
  await advance(shop, DAY_SECONDS);
  await noteRestore(shop, backupAt);
  const { billingMethodId } = await registerCard(shop, user);
  await changed(shop, { user, subscription }, "change_method", {
    billingMethodId,
  });

  const { paid } = await charge(shop, { subscriptionId });

  shop.simulator.changeSettings({ keepDeclinedCharges: true });
  assert.equal(paid, 1);
  assert.deepEqual(await charges(shop, user), ["start paid", "renewal paid"]);
  assert.equal(await approvalsOf(shop, user), 2);
});

test("after note_restore periods that were charged are adopted, missed ones are not charged", async (shop) => {
  await alignClocks(shop);
  const planId = await addPlan(shop, { interval: "day" });
  const { user, subscription } = await subscribe(shop, { planId });
  const subscriptionId = subscription.id;
  await advanceTo(shop, subscription.currentPeriodEnd);
  const backupAt = await databaseTime(shop);
  await lose(shop, async () => {
    for (let day = 0; day < 2; day++) {
      assert.equal((await charge(shop, { subscriptionId })).paid, 1);
      await advance(shop, DAY_SECONDS);
    }
  });
  await advance(shop, DAY_SECONDS);
  await noteRestore(shop, backupAt);

  // So long something that was sent before the restore may still be on its way.
  await advance(shop, 300);
  for (let run = 0; run < 6; run++) await charge(shop, { subscriptionId });

  assert.deepEqual(await charges(shop, user), [
    "start paid",
    "renewal paid",
    "renewal paid",
    "renewal void",
    "renewal paid",
  ]);
  assert.equal(await approvalsOf(shop, user), 4);
  const row = await subscriptionRow(shop, subscriptionId);
  assert.equal(row.status, "active");
  assert.ok(row.current_period_end.getTime() > shop.simulator.now());
});
