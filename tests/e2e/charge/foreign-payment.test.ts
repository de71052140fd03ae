import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import { charge, subscribe, type Subscriber } from "../../support/billing.ts";
import { chargeRows, makeChargesDue } from "../../support/billing-rows.ts";
import { confirm } from "../../support/buy.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { callFunction } from "../../support/call-function.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import { orderRow } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

function chargeNext(shop: Shop, { subscription }: Subscriber) {
  return charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
}

async function lastCharge(shop: Shop, { user }: Subscriber) {
  const last = (await chargeRows(shop, user)).at(-1);
  assert.ok(last?.order_id);
  return { ...last, orderId: last.order_id };
}

/** A renewal of which nobody knows how it went; its user sees its orderId. */
async function chargeUnheard(shop: Shop, fault: FaultInput) {
  const subscriber = await subscribe(shop);
  shop.simulator.addFault({ ...fault, ...CHARGES });
  const run = await chargeNext(shop, subscriber);
  assert.deepEqual([run.claimed, run.unknown], [1, 1]);
  shop.simulator.clearFaults();
  return { ...subscriber, charge: await lastCharge(shop, subscriber) };
}

type Unheard = Awaited<ReturnType<typeof chargeUnheard>>;

/** The user opens Toss's window under the charge's orderId. */
function openWindow(shop: Shop, { charge }: Unheard, amount = charge.amount) {
  const { orderId } = charge;
  const { paymentKey } = shop.simulator.createPayment({ orderId, amount });
  return { paymentKey, orderId, amount };
}

/** How the user's window stands by the time Toss is asked about the charge. */
const WINDOWS: [string, (shop: Shop, paymentKey: string) => void][] = [
  ["that waits", () => {}],
  ["in which a card was declined", (shop, paymentKey) => {
    shop.simulator.decline(paymentKey, "REJECT_CARD_PAYMENT");
  }],
  ["that has expired", (shop, paymentKey) => {
    shop.simulator.expire(paymentKey);
  }],
];

const FAULTS: [string, FaultInput][] = [
  ["was paid", { kind: "lose_answer_after", count: "always" }],
  ["never arrived", { kind: "lose_answer_before", count: "always" }],
  ["was answered with an error", {
    kind: "status_before",
    code: "NEW",
    status: 503,
  }],
];

for (const [happened, fault] of FAULTS) {
  for (const [what, leave] of WINDOWS) {
    test(`a charge that ${happened} is not decided by its user's window ${what}, and is paid once`, async (shop) => {
      const subscriber = await chargeUnheard(shop, fault);
      const { paymentKey } = openWindow(shop, subscriber);
      leave(shop, paymentKey);
      await settleWebhooks(shop);

      await eventually("the charge is paid", async () => {
        await makeChargesDue(shop, subscriber.user);
        await chargeNext(shop, subscriber);
        return (await lastCharge(shop, subscriber)).status === "paid";
      });

      const { attempt, orderId } = await lastCharge(shop, subscriber);
      assert.equal(attempt, 1, "no attempt was counted");
      const taken = shop.simulator.books()
        .filter((book) => book.orderId === orderId && book.approvals > 0);
      assert.equal(taken.length, 1);
      assert.notEqual(taken[0]?.paymentKey, paymentKey);
      assert.equal((await orderRow(shop, orderId)).status, "paid");
    });
  }
}

test("a card that is declined ends the attempt, whatever window its user opens to keep the charge open", async (shop) => {
  const subscriber = await chargeUnheard(shop, {
    kind: "status_before",
    code: "NEW",
    status: 503,
  });
  openWindow(shop, subscriber);
  shop.simulator.declineCharges({
    customerKey: await customerKeyOf(shop, subscriber),
    code: "REJECT_CARD_PAYMENT",
    count: "always",
  });

  await eventually("the attempt has ended", async () => {
    openWindow(shop, subscriber);
    await makeChargesDue(shop, subscriber.user);
    await chargeNext(shop, subscriber);
    return (await lastCharge(shop, subscriber)).status === "declined";
  });
  shop.simulator.clearChargeDeclines();
});

async function customerKeyOf({ stack }: Shop, { user }: Subscriber) {
  const [row] = await stack.sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${user.id}`;
  assert.ok(row);
  return row.customer_key;
}

test("nobody pays a charge in the window: its order is closed to confirm and virtual accounts, open or declined", async (shop) => {
  const subscriber = await chargeUnheard(shop, {
    kind: "lose_answer_before",
    count: "always",
  });
  const window = openWindow(shop, subscriber);

  const confirmed = await confirm(shop, window);
  const account = await callFunction(shop, "virtual-account", {
    headers: buyerHeaders(shop, subscriber.user.accessToken),
    body: { orderId: window.orderId, bank: "88", customerName: "김토스" },
  });

  assert.deepEqual([confirmed.status, confirmed.body.code], [
    410,
    "payment_expired",
  ]);
  assert.deepEqual([account.status, account.body.code], [
    410,
    "payment_expired",
  ]);
  assert.equal((await orderRow(shop, window.orderId)).status, "pending");
  await eventually("the charge is paid", async () => {
    await makeChargesDue(shop, subscriber.user);
    await chargeNext(shop, subscriber);
    return (await lastCharge(shop, subscriber)).status === "paid";
  });
  const late = await confirm(shop, openWindow(shop, subscriber));
  assert.deepEqual([late.status, late.body.code], [
    409,
    "payment_already_confirmed",
  ]);
});

test("who sees the order of one attempt cannot tell that of the next", async (shop) => {
  const subscriber = await chargeUnheard(shop, {
    kind: "lose_answer_before",
    count: "always",
  });
  const [row] = await shop.stack.sql<{ one: string; next: string }[]>`
    select toss_private.attempt_order_id(id, 1) as one, toss_private.attempt_order_id(id, 2) as next
    from public.subscription_charges where id = ${subscriber.charge.id}`;
  const digest = (orderId: string) => orderId.split("_")[1];
  assert.ok(row);
  assert.equal(row.one, subscriber.charge.orderId);
  assert.notEqual(digest(row.one), digest(row.next));
  await eventually("the charge is paid", async () => {
    await makeChargesDue(shop, subscriber.user);
    await chargeNext(shop, subscriber);
    return (await lastCharge(shop, subscriber)).status === "paid";
  });
});
