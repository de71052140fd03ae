import assert from "node:assert/strict";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import {
  addPlan,
  callCharge,
  change,
  changed,
  charge,
  registerCard,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import { deleteUser } from "../../support/delete-user.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { buyerHeaders, type User } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks, work } from "../../support/worker.ts";

const test = shopTests();
const MINUTE = 60;
const DAY = 86_400;

/** Charges do not arrive at Toss, or only their answers get lost. */
function lose({ simulator }: Shop, when: "before" | "after"): void {
  simulator.addFault({
    kind: `lose_answer_${when}`,
    count: "always",
    ...CHARGES,
  });
}

/** Both clocks stand some seconds after the end of a subscription's period. */
async function advanceToEnd(shop: Shop, id: string, more = 5): Promise<void> {
  const { current_period_end } = await subscriptionRow(shop, id);
  const wait = (current_period_end.getTime() - shop.simulator.now()) / 1000;
  await advance(shop, Math.ceil(wait) + more);
}

/** The jobs run until nothing of a user's is open. */
async function resolve(shop: Shop, user: User): Promise<void> {
  await eventually("nothing is open", async () => {
    await makeChargesDue(shop, user);
    await work(shop, "operations");
    await callCharge(shop, {});
    const charges = await chargeRows(shop, user);
    return charges.every(({ status }) =>
      !["pending", "processing", "unknown"].includes(status)
    );
  });
}

/** Somebody with an upgrade in force. */
async function upgraded(shop: Shop) {
  const subscriber = await subscribe(shop);
  const pro = await addPlan(shop, { price: 40_000 });
  await changed(shop, subscriber, "change_plan", { planId: pro });
  return { ...subscriber, pro };
}

async function paymentKeyOf(shop: Shop, { user }: Subscriber, kind: string) {
  const found = (await chargeRows(shop, user)).find((one) => one.kind === kind);
  const book = shop.simulator.books()
    .find(({ orderId }) => orderId === found?.order_id);
  assert.ok(book);
  return book.paymentKey;
}

/** The plans a user has access to at this moment. */
async function accessOf({ stack }: Shop, { id }: User) {
  const rows = await stack.sql<{ plan_id: string }[]>`
    select plan_id from public.entitlements
    where user_id = ${id} and revoked_at is null and starts_at <= toss_private.clock_now() and ends_at > toss_private.clock_now()`;
  return rows.map(({ plan_id }) => plan_id);
}

test("an upgrade refunded, another card chosen and the old one removed, all while the renewal is open: it is charged once, to the new card, and access follows it", async (shop) => {
  await alignClocks(shop);
  const subscriber = await upgraded(shop);
  const { user, subscription, pro, billingMethodId } = subscriber;
  await advanceToEnd(shop, subscription.id);
  lose(shop, "before");
  await charge(shop, { subscriptionId: subscription.id });
  await cancelAtToss(shop, await paymentKeyOf(shop, subscriber, "upgrade"));
  await settleWebhooks(shop);
  const next = await registerCard(shop, user);
  assert.equal(
    (await change(shop, subscriber, "change_method", {
      billingMethodId: next.billingMethodId,
    })).status,
    200,
  );
  const removed = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: buyerHeaders(shop, user.accessToken),
    body: { billingMethodId },
  });
  assert.equal(removed.status, 200, JSON.stringify(removed.body));
  shop.simulator.clearFaults();
  await advance(shop, 5 * MINUTE);

  await resolve(shop, user);

  const row = await subscriptionRow(shop, subscription.id);
  assert.deepEqual(
    [row.status, row.plan_id, row.needs_payment_method, row.billing_method_id],
    ["active", pro, false, next.billingMethodId],
  );
  assert.deepEqual(await accessOf(shop, user), [pro]);
  const renewals = (await chargeRows(shop, user)).filter(({ kind }) =>
    kind === "renewal"
  );
  assert.deepEqual(renewals.map(({ status, amount }) => [status, amount]), [
    ["paid", 40_000],
  ]);
});

test("an account deleted while its upgrade is open past the end of the period: what Toss took stands, then everything ends", async (shop) => {
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  const { user, subscription } = subscriber;
  await advanceToEnd(shop, subscription.id, -DAY);
  const pro = await addPlan(shop, { price: 400_000 });
  lose(shop, "after");
  const asked = await change(shop, subscriber, "change_plan", { planId: pro });
  assert.equal(asked.status, 202);
  // Nor does Toss answer a question.
  shop.simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    method: "GET",
  });
  await deleteUser(shop, user);
  await advanceToEnd(shop, subscription.id);
  await callCharge(shop, {});
  const open = await chargeRows(shop, user);
  assert.deepEqual(open.map(({ status }) => status), ["paid", "unknown"]);
  shop.simulator.clearFaults();

  await resolve(shop, user);
  await callCharge(shop, {});

  const { status } = await subscriptionRow(shop, subscription.id);
  assert.equal(status, "canceled");
  assert.deepEqual(await accessOf(shop, user), []);
  const charges = await chargeRows(shop, user);
  assert.deepEqual(charges.map(({ kind, status }) => [kind, status]), [
    ["start", "paid"],
    ["upgrade", "paid"],
  ]);
});

test("Toss silent about an upgrade past the end of its period: access all the time, and the renewal follows", async (shop) => {
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  const { user, planId, subscription } = subscriber;
  await advanceToEnd(shop, subscription.id, -DAY);
  const pro = await addPlan(shop, { price: 400_000 });
  lose(shop, "before");
  const asked = await change(shop, subscriber, "change_plan", { planId: pro });
  assert.equal(asked.status, 202);
  shop.simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    method: "GET",
  });
  await callCharge(shop, {});
  await advanceToEnd(shop, subscription.id);
  for (let day = 0; day < 3; day++) {
    await callCharge(shop, {});
    assert.deepEqual(await accessOf(shop, user), [planId]);
    await advance(shop, DAY);
  }
  shop.simulator.clearFaults();

  await resolve(shop, user);
  await callCharge(shop, {});

  assert.deepEqual(await accessOf(shop, user), [planId]);
  const charges = await chargeRows(shop, user);
  assert.deepEqual(charges.map(({ kind, status }) => [kind, status]), [
    ["start", "paid"],
    ["upgrade", "declined"],
    ["renewal", "paid"],
  ]);
});

test("a restore while an upgrade is open, and an undo that it forgot: the database ends where Toss is", async (shop) => {
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  const { user, planId, subscription } = subscriber;
  const pro = await addPlan(shop, { price: 40_000 });
  lose(shop, "after");
  const asked = await change(shop, subscriber, "change_plan", { planId: pro });
  assert.equal(asked.status, 202);
  shop.simulator.clearFaults();
  const backup = await takeBackup(shop);
  await resolve(shop, user);
  await cancelAtToss(shop, await paymentKeyOf(shop, subscriber, "upgrade"));
  await settleWebhooks(shop);
  await restoreBackup(shop, backup);
  await advance(shop, 10 * MINUTE);

  await resolve(shop, user);

  const row = await subscriptionRow(shop, subscription.id);
  assert.deepEqual([row.plan_id, row.status], [planId, "active"]);
  assert.deepEqual(await accessOf(shop, user), [planId]);
  await advanceToEnd(shop, subscription.id);
  await callCharge(shop, {});
  const charges = await chargeRows(shop, user);
  assert.deepEqual(
    charges.map(({ kind, amount, status }) => [
      kind,
      kind === "upgrade" ? "" : amount,
      status,
    ]),
    [
      ["start", 10_000, "paid"],
      ["upgrade", "", "paid"],
      ["renewal", 10_000, "paid"],
    ],
  );
});
