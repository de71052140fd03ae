import assert from "node:assert/strict";
import { subscribe } from "../../support/billing.ts";
import { assertBooksAgree } from "../../support/books.ts";
import { confirm, ONE_STICKER, placeOrder } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel } from "../../support/cancel.ts";
import { orderByTransfer } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({}, assertBooksAgree);

interface Split {
  supplied: number;
  vat: number;
  free: number;
}

/** Our row's split of what is left, and Toss's own. */
async function splits(
  { stack, simulator }: Shop,
  paymentKey: string,
): Promise<[ours: Split | undefined, theirs: Split]> {
  const [ours] = await stack.sql<Split[]>`
    select supplied_amount::int as supplied, vat::int, tax_free_amount::int as free
    from public.payments where payment_key = ${paymentKey}`;
  const response = await fetch(
    `${stack.tossApiBaseUrl}/v1/payments/${paymentKey}`,
    { headers: { authorization: `Basic ${btoa(`${simulator.secretKey}:`)}` } },
  );
  const { suppliedAmount, vat, taxFreeAmount } = await response.json();
  const theirs = { supplied: suppliedAmount, vat, free: taxFreeAmount };
  return [ours ? { ...ours } : undefined, theirs];
}

async function alertOf({ stack }: Shop, orderId: string) {
  const rows = await stack.sql<{ detail: string }[]>`
    select detail from public.alerts where alert = 'tax_split_differs' and subject = ${orderId}`;
  return rows[0]?.detail;
}

async function pay(
  shop: Shop,
  orderId: string,
  amount: number,
  taxFreeAmount: number,
) {
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    taxFreeAmount,
  });
  const answer = await confirm(shop, { paymentKey, orderId, amount });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return paymentKey;
}

test("taxed, tax-free and discounted lines, refunded in three parts, end with Toss's own split", async (shop) => {
  const { body } = await callFunction(shop, "checkout", {
    body: {
      lines: [
        { name: "원두", unitPrice: 20_003, quantity: 2 },
        { name: "쌀", unitPrice: 15_001, quantity: 1, taxFree: true },
      ],
      adjustments: [
        { kind: "coupon", name: "쿠폰", amount: -5_002 },
        { kind: "shipping", name: "배송비", amount: 3_000 },
      ],
    },
    headers: { apikey: shop.stack.secretKey },
  });
  const orderId = String(body.orderId);
  const amount = Number(body.amount);
  const taxFree = Number(body.taxFreeAmount);
  const paymentKey = await pay(shop, orderId, amount, taxFree);
  for (const part of [{ cancelAmount: 10_001 }, { cancelAmount: 30_000 }, {}]) {
    const [before, theirs] = await splits(shop, paymentKey);
    assert.deepEqual(before, theirs);
    assert.ok(before);
    // 부가세: an eleventh of what is taxed, rounded to the won.
    const left = before.supplied + before.vat + before.free;
    assert.equal(before.vat, Math.round((left - before.free) / 11));
    const answer = await cancel(shop, { orderId, ...part });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  const [ours, theirs] = await splits(shop, paymentKey);
  assert.deepEqual(ours, theirs);
  assert.deepEqual(ours, { supplied: 0, vat: 0, free: 0 });
  assert.equal(await alertOf(shop, orderId), undefined);
});

test("a page that sends another split leaves a line and an alert, and the payment stands", async (shop) => {
  const order = await placeOrder(shop, ONE_STICKER);
  const paymentKey = await pay(shop, order.orderId, order.amount, 1_000);
  assert.match(
    await alertOf(shop, order.orderId) ?? "",
    /1000 tax-free, the order says 0/,
  );
  // Said once, however often the same is confirmed.
  await confirm(shop, {
    paymentKey,
    orderId: order.orderId,
    amount: order.amount,
  });
  const lines = await shop.stack.sql`
    select id from public.payment_events where event = 'tax_split_differs' and order_id = ${order.orderId}`;
  assert.equal(lines.length, 1);
  await cancel(shop, { orderId: order.orderId });
  assert.equal(await alertOf(shop, order.orderId), undefined);
});

test("accounts and charges of what is tax-free are asked for as tax-free", async (shop) => {
  const { sql } = shop.stack;
  await sql`update public.products set tax_free = true where id = 'sticker'`;
  await sql`update public.plans set tax_free = true where id = 'basic'`;
  try {
    const account = await orderByTransfer(shop, ONE_STICKER);
    const [, atToss] = await splits(shop, account.paymentKey);
    assert.equal(atToss.free, account.amount);

    await subscribe(shop, { planId: "basic" });
    const [charged] = await sql<
      { key: string; free: number; amount: number }[]
    >`
      select p.payment_key as key, p.tax_free_amount::int as free, p.total_amount::int as amount
      from public.payments as p join public.orders as o on o.id = p.order_id
      where o.subscription_charge_id is not null order by p.created_at desc limit 1`;
    assert.ok(charged);
    assert.equal(charged.free, charged.amount);
    assert.equal(await alertOf(shop, account.orderId), undefined);
  } finally {
    await sql`update public.products set tax_free = false where id = 'sticker'`;
    await sql`update public.plans set tax_free = false where id = 'basic'`;
  }
});
