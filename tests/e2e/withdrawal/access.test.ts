import assert from "node:assert/strict";
import { subscribe } from "../../support/billing.ts";
import { chargeRows } from "../../support/billing-rows.ts";
import { buy, checkout } from "../../support/buy.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { askToWithdraw, decide, requested } from "../../support/withdrawals.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

async function liveAccess({ stack }: Shop, userId: string): Promise<number> {
  const [row] = await stack.sql`
    select count(*)::int as count from public.entitlements
    where user_id = ${userId} and revoked_at is null`;
  return row?.count;
}

test("a pass that is given back ends, one that is given back in part goes on", async (shop) => {
  const user = await signUp(shop);
  const pass = await buy(shop, { planId: "basic" }, user.accessToken);
  const withdrawalId = await requested(shop, pass.orderId, user.accessToken);

  const part = await decide(shop, {
    withdrawalId,
    action: "accept",
    cancelAmount: 900,
  });
  assert.equal(part.status, 200, JSON.stringify(part.body));
  assert.equal(await liveAccess(shop, user.id), 1);

  // What is left of the order can be asked for again.
  const rest = await requested(shop, pass.orderId, user.accessToken);
  assert.notEqual(rest, withdrawalId);
  const all = await decide(shop, { withdrawalId: rest, action: "accept" });
  assert.equal(all.status, 200, JSON.stringify(all.body));
  assert.equal(await liveAccess(shop, user.id), 0);
});

test("the first period of a subscription is given back with its access", async (shop) => {
  const { user } = await subscribe(shop);
  const [charge] = await chargeRows(shop, user);
  const orderId = String(charge?.order_id);
  assert.equal(await liveAccess(shop, user.id), 1);
  const withdrawalId = await requested(shop, orderId, user.accessToken);

  const { status, body } = await decide(shop, {
    withdrawalId,
    action: "accept",
  });

  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(await liveAccess(shop, user.id), 0);
});

test("an order of nothing has nothing to give back", async (shop) => {
  const { accessToken } = await signUp(shop);
  await shop.stack.sql`
    insert into public.products (id, name, price) values ('free-sample', '견본', 0)
    on conflict do nothing`;
  try {
    const order = await checkout(shop, {
      items: [{ productId: "free-sample", quantity: 1 }],
    }, accessToken);
    assert.equal(order.status, 201, JSON.stringify(order.body));
    const { status, body } = await askToWithdraw(
      shop,
      { orderId: order.body.orderId },
      accessToken,
    );
    assert.deepEqual([status, body.code], [409, "nothing_to_withdraw"]);
  } finally {
    await shop.stack
      .sql`delete from public.products where id = 'free-sample'`;
  }
});
