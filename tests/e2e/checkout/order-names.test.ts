import assert from "node:assert/strict";
import { confirm, payInWindow, placeOrder } from "../../support/buy.ts";
import { addPlan, charge, subscribe } from "../../support/billing.ts";
import { orderByTransfer } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests();

/** 60 characters as Postgres counts, 120 as Toss does. */
const LONG_NAME = "🍊".repeat(60);
const CUT_NAME = "🍊".repeat(50);

async function addProducts(
  { stack }: Shop,
  names: string[],
): Promise<{ productId: string; quantity: number }[]> {
  return await Promise.all(names.map(async (name) => {
    const productId = `named-${crypto.randomUUID()}`;
    await stack.sql`
      insert into public.products (id, name, price) values (${productId}, ${name}, 1000)`;
    return { productId, quantity: 1 };
  }));
}

async function addLongPlan(shop: Shop): Promise<string> {
  const planId = await addPlan(shop);
  await shop.stack.sql`
    update public.plans set name = ${LONG_NAME} where id = ${planId}`;
  return planId;
}

test("a cart whose first product has a long name is paid under as much of it as Toss takes", async (shop) => {
  const items = await addProducts(shop, [LONG_NAME, "스티커"]);
  const order = await placeOrder(shop, { items });
  assert.equal(order.orderName, `${"🍊".repeat(47)} 외 1건`);
  assert.ok(order.orderName.length <= 100);
  const { status } = await confirm(shop, payInWindow(shop, order));
  assert.equal(status, 200);
});

test("a name of joined characters ends between two of them", async (shop) => {
  const family = "👨‍👩‍👧‍👦";
  const items = await addProducts(shop, [family.repeat(14)]);
  const { orderName } = await placeOrder(shop, { items });
  assert.equal(orderName, family.repeat(9));
});

test("Toss issues an account for an order with a long name", async (shop) => {
  const items = await addProducts(shop, [LONG_NAME]);
  await orderByTransfer(shop, { items });
});

test("a pass of a plan with a long name can be bought", async (shop) => {
  const planId = await addLongPlan(shop);
  const { accessToken } = await signUp(shop);
  const { orderName } = await placeOrder(shop, { planId }, accessToken);
  assert.equal(orderName, CUT_NAME);
});

test("a subscription to a plan with a long name is charged, the first time and when it is renewed", async (shop) => {
  const planId = await addLongPlan(shop);
  const { subscription } = await subscribe(shop, { planId });
  await shop.stack.advanceClock({ days: 32 });
  const { paid } = await charge(shop, { subscriptionId: subscription.id });
  assert.equal(paid, 1);
  const rows = await shop.stack.sql<{ order_name: string }[]>`
    select o.order_name from public.orders as o
    join public.subscription_charges as c on c.id = o.subscription_charge_id
    where c.subscription_id = ${subscription.id}`;
  assert.deepEqual(rows.map(({ order_name }) => order_name), [
    CUT_NAME,
    CUT_NAME,
  ]);
});
