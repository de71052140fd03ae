import assert from "node:assert/strict";
import { networkOf } from "../../supabase/functions/_shared/http/client-address.ts";
import { issue, prepare } from "../support/billing.ts";
import { buy, confirm, placeOrder, startPurchase } from "../support/buy.ts";
import { callFunction } from "../support/call-function.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { signUp, type User } from "../../stack/users.ts";
import { withoutWebhooks } from "../support/webhooks.ts";
import { moveDatabaseClock } from "../support/worker.ts";

const test = shopTests();

async function auditRows(
  { stack }: Shop,
  orderId: string,
  event: string,
): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int from public.payment_events
    where order_id = ${orderId} and event = ${event}`;
  return row?.count ?? -1;
}

async function counted({ stack }: Shop, orderId: string) {
  const rows = await stack.sql<{ refusal: string; refusals: number }[]>`
    select refusal, refusals from toss_private.order_refusals where order_id = ${orderId}`;
  return Object.fromEntries(
    rows.map(({ refusal, refusals }) => [refusal, refusals]),
  );
}

test("300 wrong amounts are one audit row, a count, and after twenty no oracle", async (shop) => {
  const purchase = await startPurchase(shop);
  const codes: unknown[] = [];
  for (let index = 0; index < 300; index++) {
    const { body } = await confirm(shop, {
      ...purchase,
      amount: purchase.amount + 1 + index,
    });
    codes.push(body.code);
  }

  assert.deepEqual(
    codes.slice(0, 20),
    Array(20).fill("payment_amount_mismatch"),
  );
  assert.deepEqual(new Set(codes.slice(20)), new Set(["payment_expired"]));
  assert.equal(await auditRows(shop, purchase.orderId, "amount_mismatch"), 1);
  assert.deepEqual(await counted(shop, purchase.orderId), {
    amount_mismatch: 20,
  });
  const right = await confirm(shop, purchase);
  assert.equal(right.body.code, "payment_expired");
});

test("wrong amounts for a paid order do not keep its buyer from reading how it was paid", async (shop) => {
  const paid = await buy(shop);
  for (let index = 1; index <= 25; index++) {
    await confirm(shop, { ...paid, amount: paid.amount + index });
  }
  const { status, body } = await confirm(shop, paid);
  assert.deepEqual([status, body.status], [200, "confirmed"]);
});

test("after twenty wrong amounts the right one is answered like every other, for a paid order too", async (shop) => {
  withoutWebhooks(shop);
  const paid = await buy(shop);
  const waiting = await placeOrder(shop);
  const before = shop.simulator.requests().length;
  for (const { orderId, amount } of [paid, waiting]) {
    const codes = new Set<unknown>();
    for (let index = 1; index <= 40; index++) {
      const guess = index <= 20 ? amount + index : amount + index - 30;
      const paymentKey = `guess-${orderId}`;
      const { body } = await confirm(shop, {
        orderId,
        paymentKey,
        amount: guess,
      });
      if (index > 20) codes.add(body.code);
    }
    assert.deepEqual([...codes], ["payment_expired"]);
  }
  assert.equal(shop.simulator.requests().length, before);
});

test("invented payments for a paid order are one audit row and a count", async (shop) => {
  withoutWebhooks(shop);
  const paid = await buy(shop);
  const before = shop.simulator.requests().length;
  for (let index = 0; index < 50; index++) {
    const { body } = await confirm(shop, {
      ...paid,
      paymentKey: `invented-${index}`,
    });
    assert.equal(body.code, "payment_already_confirmed");
  }
  assert.equal(shop.simulator.requests().length, before);
  assert.equal(
    await auditRows(shop, paid.orderId, "second_payment_refused"),
    1,
  );
  assert.deepEqual(await counted(shop, paid.orderId), {
    second_payment_refused: 50,
  });
});

test("invented keys over many orders reach Toss twenty times in ten minutes from one network", async (shop) => {
  const orders = await Promise.all(
    Array.from({ length: 30 }, () => placeOrder(shop)),
  );
  const invent = (index: number, headers: Record<string, string> = {}) => {
    const { orderId, amount } = orders[index] ?? { orderId: "", amount: 0 };
    const paymentKey = `invented-${index}`;
    const body = { orderId, amount, paymentKey };
    return callFunction(shop, "confirm", { body, headers });
  };
  const before = shop.simulator.requests().length;
  for (let index = 0; index < 20; index++) {
    assert.equal((await invent(index)).body.code, "payment_not_found");
  }
  const asked = shop.simulator.requests().length - before;
  for (let index = 20; index < 29; index++) {
    const { status, body, headers } = await invent(index);
    assert.deepEqual([status, body.code], [429, "too_many_attempts"]);
    const seconds = Number(headers.get("retry-after"));
    assert.ok(seconds > 0 && seconds <= 600, String(seconds));
  }
  assert.equal(shop.simulator.requests().length - before, asked);

  // What has been paid is shown all the same, a server with the secret key is no stranger, and it ends.
  const secret = { apikey: shop.stack.secretKey };
  assert.equal((await invent(29, secret)).body.code, "payment_not_found");
  await moveDatabaseClock(shop, 601);
  const { body } = await invent(20);
  assert.notEqual(body.code, "too_many_attempts");
  const [row] = await shop.stack.sql<{ clear: boolean }[]>`
    select exists (select from toss_private.caller_refusals as r where r::text like '%127.0.0.1%') as clear`;
  assert.equal(row?.clear, false);
});

test("invented authKeys over many accounts reach Toss twenty times in ten minutes from one network", async (shop) => {
  // Past what was counted before.
  await moveDatabaseClock(shop, 3600);
  const registrations: { user: User; customerKey: string }[] = [];
  for (let index = 0; index < 7; index++) {
    const user = await signUp(shop);
    const { body } = await prepare(shop, user);
    registrations.push({ user, customerKey: String(body.customerKey) });
  }
  const invent = (index: number) => {
    const { user, customerKey } = registrations[index % 7] ??
      assert.fail("nobody");
    const authKey = `invented-${index}`;
    return issue(shop, user, { authKey, customerKey });
  };
  const before = shop.simulator.requests().length;
  for (let index = 0; index < 20; index++) {
    const { body } = await invent(index);
    assert.equal(body.tossCode, "NOT_FOUND_BILLING", JSON.stringify(body));
  }
  const asked = shop.simulator.requests().length - before;
  assert.equal(asked, 20);
  for (let index = 20; index < 27; index++) {
    const { status, body } = await invent(index);
    assert.deepEqual([status, body.code], [429, "too_many_attempts"]);
  }
  assert.equal(shop.simulator.requests().length - before, asked);
  await moveDatabaseClock(shop, 601);
  assert.equal((await invent(27)).body.tossCode, "NOT_FOUND_BILLING");
});

Deno.test("an IPv6 network counts as one caller, an IPv4 address as one", () => {
  const same = networkOf("[2001:db8:1:2::1]");
  assert.equal(networkOf("[2001:db8:1:2:3:4:5:6]"), same);
  assert.notEqual(networkOf("[2001:db8:1:3::1]"), same);
  assert.equal(networkOf("2001:db8::1"), "2001:db8:0:0");
  assert.equal(networkOf("203.0.113.7"), "203.0.113.7");
});
