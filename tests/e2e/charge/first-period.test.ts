import assert from "node:assert/strict";
import { callFunction } from "../../support/call-function.ts";
import {
  addPlan,
  callCharge,
  change,
  issue,
  registerCard,
  registerInWindow,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  outboxTypes,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp, type User } from "../../../stack/users.ts";
import { advance, work } from "../../support/worker.ts";

const test = shopTests();

const MINUTE = 60;
const DAY = 86_400;

/** Toss is out of reach for charges: nothing of them arrives there. */
function cutOff({ simulator }: Shop): void {
  simulator.addFault({
    kind: "lose_answer_before",
    count: "always",
    ...CHARGES,
  });
}

/** Charges arrive at Toss, and nothing comes back; nor does an answer to a question about them. */
function loseAnswers({ simulator }: Shop): void {
  simulator.addFault({ kind: "lose_answer_after", count: "always" });
}

/** Somebody whose first charge is open. */
async function waiting(
  shop: Shop,
  trouble: (shop: Shop) => void,
  planId: string,
) {
  const user = await signUp(shop);
  const registration = await registerInWindow(shop, user, { planId });
  const request = {
    authKey: registration.authKey,
    customerKey: registration.customerKey,
    planId,
  };
  // The card is registered; only what follows is in trouble.
  trouble === loseAnswers
    ? shop.simulator.addFault({
      kind: "lose_answer_after",
      count: "always",
      ...CHARGES,
    })
    : trouble(shop);
  const { status, body } = await issue(shop, user, request);
  assert.equal(status, 202, JSON.stringify(body));
  return { user, planId, request, billingMethodId: body.billingMethodId };
}

/** The worker asks about what is open, three runs at a time, as overlapping schedules do. */
async function resolve(shop: Shop, user: User): Promise<void> {
  await makeChargesDue(shop, user);
  await Promise.all([
    work(shop, "operations"),
    work(shop, "operations"),
    callCharge(shop, {}),
  ]);
}

async function onlySubscription(shop: Shop, user: User) {
  const { data } = await user.client.from("subscriptions").select("id");
  assert.equal(data?.length, 1);
  return await subscriptionRow(shop, data[0]?.id);
}

async function access(user: User) {
  const { data } = await user.client.from("entitlements")
    .select("starts_at, ends_at");
  return data ?? [];
}

function now({ simulator }: Shop): number {
  return simulator.now();
}

/** Within so many milliseconds of a moment. */
function assertAbout(moment: Date | string | null, expected: number): void {
  assert.ok(moment);
  const distance = Math.abs(new Date(moment).getTime() - expected);
  assert.ok(distance < 60_000, `${distance} ms apart`);
}

test("a first charge that never reached Toss ends after half an hour without a charge, and the plan is free again", async (shop) => {
  const planId = await addPlan(shop);
  const { user, request, billingMethodId } = await waiting(
    shop,
    cutOff,
    planId,
  );
  await advance(shop, 3 * DAY);
  shop.simulator.clearFaults();

  await resolve(shop, user);

  const [charge] = await chargeRows(shop, user);
  assert.deepEqual([charge?.status, charge?.failure_code], [
    "declined",
    "CHARGE_TIMEOUT",
  ]);
  assert.equal(
    shop.simulator.charges(charge?.order_id ?? "").some(({ outcome }) =>
      outcome === "DONE"
    ),
    false,
  );
  assert.deepEqual(await access(user), []);
  assert.deepEqual(await outboxTypes(shop, charge?.id ?? ""), [
    "subscription.payment_failed",
  ]);
  // Whoever asks is told what the next try needs, and that it is no refusal of Toss's.
  const again = await issue(shop, user, request);
  assert.deepEqual([again.status, again.body.code, again.body.action], [
    402,
    "payment_confirm_failed",
    "retry",
  ]);
  assert.equal(again.body.tossCode, undefined);
  assert.deepEqual(again.body.details, { billingMethodId, planId });
  const { status } = await callFunction(shop, "subscription", {
    headers: buyerHeaders(shop, user.accessToken),
    body: { action: "subscribe", planId, billingMethodId },
  });
  assert.equal(status, 201);
  const row = await onlySubscription(shop, user);
  assertAbout(row.current_period_start, now(shop));
});

test("another card is registered for the plan as soon as the first charge has ended unsent", async (shop) => {
  const planId = await addPlan(shop);
  const { user } = await waiting(shop, cutOff, planId);
  await advance(shop, 40 * MINUTE);
  shop.simulator.clearFaults();
  await resolve(shop, user);

  const { subscription } = await registerCard(shop, user, { planId });

  assert.equal(subscription?.status, "active");
  const paid = (await chargeRows(shop, user))
    .filter(({ status }) => status === "paid");
  assert.equal(paid.length, 1);
});

test("within its patience a first charge goes on, and the period counts from the payment", async (shop) => {
  const planId = await addPlan(shop, { interval: "week" });
  const { user } = await waiting(shop, cutOff, planId);
  await advance(shop, 20 * MINUTE);
  shop.simulator.clearFaults();

  await resolve(shop, user);

  const row = await onlySubscription(shop, user);
  assertAbout(row.current_period_start, now(shop));
  assertAbout(row.current_period_end, now(shop) + 7 * DAY * 1000);
  const [charge] = await chargeRows(shop, user);
  assert.deepEqual([charge?.period_start, charge?.period_end], [
    row.current_period_start,
    row.current_period_end,
  ]);
  const [granted] = await access(user);
  assertAbout(granted?.starts_at, now(shop));
});

test("a first payment found nine days later pays for a week from then on, not for one that is over", async (shop) => {
  const planId = await addPlan(shop, { interval: "week" });
  const { user } = await waiting(shop, loseAnswers, planId);
  await advance(shop, 9 * DAY);
  shop.simulator.clearFaults();

  await resolve(shop, user);

  const row = await onlySubscription(shop, user);
  assert.equal(row.status, "active");
  assertAbout(row.current_period_start, now(shop));
  assertAbout(row.current_period_end, now(shop) + 7 * DAY * 1000);
  assertAbout(row.next_charge_at, now(shop) + 7 * DAY * 1000);
  // It was sent once, on the first day, and nothing more is due.
  const [charge, ...more] = await chargeRows(shop, user);
  assert.deepEqual(more, []);
  assert.equal(shop.simulator.charges(charge?.order_id ?? "").length, 1);
});

test("while Toss does not say whether it was charged, a first charge stays open, however long", async (shop) => {
  const planId = await addPlan(shop);
  const { user } = await waiting(shop, cutOff, planId);
  loseAnswers(shop);
  await advance(shop, 2 * DAY);

  await resolve(shop, user);

  const [charge] = await chargeRows(shop, user);
  assert.equal(charge?.status, "unknown");
  shop.simulator.clearFaults();
  await resolve(shop, user);
  const [ended] = await chargeRows(shop, user);
  assert.deepEqual([ended?.status, ended?.attempt], ["declined", 1]);
});

/** An upgrade that has been asked for and is open. */
async function openUpgrade(shop: Shop): Promise<Subscriber> {
  const subscriber = await subscribe(shop);
  const planId = await addPlan(shop, { price: 40_000 });
  cutOff(shop);
  const { status } = await change(shop, subscriber, "change_plan", { planId });
  assert.equal(status, 202);
  return subscriber;
}

test("an upgrade that never reached Toss ends after half an hour: the plan is as before, the card is not to blame", async (shop) => {
  const subscriber = await openUpgrade(shop);
  const { user, planId, subscription } = subscriber;
  await advance(shop, 2 * DAY);
  shop.simulator.clearFaults();

  await resolve(shop, user);

  const row = await subscriptionRow(shop, subscription.id);
  assert.deepEqual([row.plan_id, row.status, row.needs_payment_method], [
    planId,
    "active",
    false,
  ]);
  assert.deepEqual(row.next_charge_at, row.current_period_end);
  const [, upgrade] = await chargeRows(shop, user);
  assert.deepEqual([upgrade?.status, upgrade?.failure_code], [
    "declined",
    "CHARGE_TIMEOUT",
  ]);
});

test("an upgrade whose period is over before it is sent is not charged, and the next period is, at the price before", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, subscription, planId } = subscriber;
  const end = Date.parse(subscription.currentPeriodEnd);
  // Late enough to be within the patience, early enough for more than 100 won.
  await advance(shop, (end - now(shop)) / 1000 - 10 * MINUTE);
  const dear = await addPlan(shop, { price: 9_000_000 });
  cutOff(shop);
  const { status } = await change(shop, subscriber, "change_plan", {
    planId: dear,
  });
  assert.equal(status, 202);
  await advance(shop, 15 * MINUTE);
  shop.simulator.clearFaults();

  await resolve(shop, user);
  await callCharge(shop, { subscriptionId: subscription.id });

  const charges = await chargeRows(shop, user);
  assert.deepEqual(
    charges.map(({ kind, status, amount }) => [
      kind,
      status,
      kind === "upgrade" ? "" : amount,
    ]),
    [
      ["start", "paid", 10_000],
      ["upgrade", "declined", ""],
      ["renewal", "paid", 10_000],
    ],
  );
  assert.equal((await subscriptionRow(shop, subscription.id)).plan_id, planId);
});
