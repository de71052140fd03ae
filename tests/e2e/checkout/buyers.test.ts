import assert from "node:assert/strict";
import {
  buy,
  checkout,
  confirm,
  ONE_STICKER,
  payInWindow,
  placeOrder,
} from "../../support/buy.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { guestClient, signUp } from "../../../stack/users.ts";

const test = shopTests();

test("checkout gives a guest the SDK's anonymous customerKey and no user", async (shop) => {
  const order = await placeOrder(shop);

  assert.equal(order.customerKey, "@@ANONYMOUS");
  const [row] = await shop.stack.sql`
    select user_id from public.orders where id = ${order.orderId}`;
  assert.equal(row?.user_id, null);
});

test("checkout gives a user one random customerKey for good", async (shop) => {
  const user = await signUp(shop);
  const other = await signUp(shop);

  const first = await placeOrder(shop, ONE_STICKER, user.accessToken);
  const second = await placeOrder(shop, ONE_STICKER, user.accessToken);
  const third = await placeOrder(shop, ONE_STICKER, other.accessToken);

  assert.match(first.customerKey, /^[0-9a-f-]{36}$/);
  assert.notEqual(first.customerKey, user.id);
  assert.equal(second.customerKey, first.customerKey);
  assert.notEqual(third.customerKey, first.customerKey);
});

test("ten first checkouts of a user at once agree on the customerKey", async (shop) => {
  const user = await signUp(shop);

  const orders = await Promise.all(
    Array.from(
      { length: 10 },
      () => placeOrder(shop, ONE_STICKER, user.accessToken),
    ),
  );

  assert.equal(new Set(orders.map(({ customerKey }) => customerKey)).size, 1);
});

test("checkout works through supabase-js as it is, for a guest and for a user", async (shop) => {
  const user = await signUp(shop);
  for (const client of [guestClient(shop), user.client]) {
    const { data, error } = await client.functions.invoke("checkout", {
      body: ONE_STICKER,
    });
    assert.equal(error, null);
    assert.equal(data.amount, 3000);
    assert.equal(data.customerKey === "@@ANONYMOUS", client !== user.client);
    const purchase = payInWindow(shop, data);
    const answer = await client.functions.invoke("confirm", { body: purchase });
    assert.equal(answer.error, null);
    assert.equal(answer.data.status, "confirmed");
  }
});

test("checkout stores who buys and what the shop adds, and shows it to the buyer alone", async (shop) => {
  const user = await signUp(shop);
  const order = await placeOrder(shop, {
    ...ONE_STICKER,
    customerEmail: "buyer@example.com",
    customerName: "김토스",
    metadata: { coupon: "WELCOME" },
  }, user.accessToken);

  const { data } = await user.client.from("orders").select().eq(
    "id",
    order.orderId,
  );

  assert.equal(data?.length, 1);
  assert.equal(data[0].customer_name, "김토스");
  assert.deepEqual(data[0].metadata, { coupon: "WELCOME" });
  const other = await signUp(shop);
  const seen = await other.client.from("orders").select().eq(
    "id",
    order.orderId,
  );
  assert.deepEqual(seen.data, []);
});

test("a pass gives access after its payment and not before", async (shop) => {
  const user = await signUp(shop);
  const plans = async () => {
    const { data } = await user.client.from("user_plans").select();
    return data;
  };
  const order = await placeOrder(shop, { planId: "basic" }, user.accessToken);
  assert.equal(order.amount, 4900);
  assert.equal(order.orderName, "베이직");
  const purchase = payInWindow(shop, order);
  assert.deepEqual(await plans(), []);
  const { data: entitlements } = await user.client.from("entitlements")
    .select();
  assert.deepEqual(entitlements, []);

  await confirm(shop, purchase);

  assert.deepEqual(await plans(), [{
    user_id: user.id,
    plan: "basic",
    status: "active",
    next_billing_date: null,
  }]);
  const [row] = await shop.stack.sql`
    select source, ends_at = ((starts_at at time zone 'Asia/Seoul') + interval '1 month')
      at time zone 'Asia/Seoul' as is_a_month
    from public.entitlements where order_id = ${order.orderId}`;
  assert.deepEqual(row, { source: "order", is_a_month: true });
});

test("a pass gives no access when its payment is declined", async (shop) => {
  const user = await signUp(shop);
  const order = await placeOrder(shop, { planId: "basic" }, user.accessToken);
  const purchase = payInWindow(shop, order);
  shop.simulator.decline(purchase.paymentKey, "REJECT_CARD_PAYMENT");

  assert.equal((await confirm(shop, purchase)).status, 402);
  await settleWebhooks(shop);

  const { data } = await user.client.from("user_plans").select();
  assert.deepEqual(data, []);
});

test("a second pass of a plan begins when the first one ends", async (shop) => {
  const user = await signUp(shop);
  const plan = { planId: "basic" };
  const first = await buy(shop, plan, user.accessToken);
  const second = await buy(shop, plan, user.accessToken);

  const [row] = await shop.stack.sql`
    select (
      select starts_at from public.entitlements where order_id = ${second.orderId}
    ) = (
      select ends_at from public.entitlements where order_id = ${first.orderId}
    ) as follows`;
  assert.equal(row?.follows, true);
});

test("checkout refuses a plan that is not sold", async (shop) => {
  const user = await signUp(shop);
  await shop.stack.sql`
    insert into public.plans (id, name, price, interval, active)
    values ('retired', '옛 요금제', 1000, 'month', false)`;
  for (const planId of ["no-such", "retired"]) {
    const { status, body } = await checkout(shop, { planId }, user.accessToken);
    assert.equal(status, 404);
    assert.equal(body.code, "plan_not_found");
  }
  const guest = await checkout(shop, { planId: "basic" });
  assert.equal(guest.status, 401);
});
