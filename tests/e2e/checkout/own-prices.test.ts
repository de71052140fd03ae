import assert from "node:assert/strict";
import { assertBooksAgree } from "../../support/books.ts";
import {
  confirm,
  ONE_STICKER,
  payInWindow,
  placeOrder,
} from "../../support/buy.ts";
import { type Answer, callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests({}, assertBooksAgree);

const LINES = [
  { name: "원두 1kg", unitPrice: 20_000, quantity: 2 },
  { name: "쌀 5kg", unitPrice: 15_000, quantity: 1, taxFree: true },
];

const ADJUSTMENTS = [
  { kind: "shipping", name: "배송비", amount: 3_000 },
  { kind: "coupon", name: "첫 주문", amount: -5_000 },
  { kind: "discount", name: "쌀 할인", amount: -1_000, taxFree: true },
];

function open(shop: Shop, body: Record<string, unknown>): Promise<Answer> {
  const headers = { apikey: shop.stack.secretKey };
  return callFunction(shop, "checkout", { body, headers });
}

async function opened(shop: Shop, body: Record<string, unknown>) {
  const answer = await open(shop, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

test("the shop's own server names lines, adjustments and prices", async (shop) => {
  const { id: userId } = await signUp(shop);
  const order = await opened(shop, {
    lines: LINES,
    adjustments: ADJUSTMENTS,
    userId,
    orderName: "11월 커피 상자",
    metadata: { channel: "app" },
    expiresInMinutes: 30,
  });
  assert.equal(order.amount, 52_000);
  assert.equal(order.taxFreeAmount, 14_000);
  assert.equal(order.orderName, "11월 커피 상자");
  assert.equal("status" in order, false);
  const minutes = (Date.parse(String(order.expiresAt)) - Date.now()) / 60_000;
  assert.ok(minutes > 25 && minutes <= 31, `${minutes}`);

  const { sql } = shop.stack;
  const items = await sql`
    select product_id, name, unit_price::int, quantity, tax_free from public.order_items
    where order_id = ${String(order.orderId)} order by position`;
  assert.deepEqual(items.map((row) => ({ ...row })), [
    {
      product_id: null,
      name: "원두 1kg",
      unit_price: 20_000,
      quantity: 2,
      tax_free: false,
    },
    {
      product_id: null,
      name: "쌀 5kg",
      unit_price: 15_000,
      quantity: 1,
      tax_free: true,
    },
  ]);
  const adjustments = await sql`
    select kind, amount::int, tax_free from public.order_adjustments
    where order_id = ${String(order.orderId)} order by position`;
  assert.deepEqual(
    adjustments.map((row) => ({ ...row })),
    ADJUSTMENTS.map(({ kind, amount, taxFree = false }) => ({
      kind,
      amount,
      tax_free: taxFree,
    })),
  );
  const [{ count } = { count: 0 }] = await sql<{ count: number }[]>`
    select count(*)::int from public.customers where user_id = ${userId}`;
  assert.equal(count, 1);
});

test("an order with own prices is paid like any other", async (shop) => {
  const order = await opened(shop, { lines: LINES });
  const purchase = payInWindow(shop, {
    orderId: String(order.orderId),
    amount: Number(order.amount),
    orderName: String(order.orderName),
  } as never);
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("20 checkouts at once with one reference make one order", async (shop) => {
  const reference = `shop-${crypto.randomUUID()}`;
  const body = { lines: LINES, reference, metadata: { a: "1", b: "2" } };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => open(shop, body)),
  );
  assert.deepEqual(
    answers.map(({ status }) => status).sort(),
    [...Array.from({ length: 19 }, () => 200), 201],
  );
  assert.equal(new Set(answers.map(({ body }) => body.orderId)).size, 1);
});

test("a reference is answered with its order for ever, and never with another one", async (shop) => {
  const reference = "2026-0001";
  const body = { lines: LINES, reference, metadata: { a: "1" } };
  const first = await opened(shop, body);
  const purchase = payInWindow(shop, {
    orderId: String(first.orderId),
    amount: Number(first.amount),
    orderName: String(first.orderName),
  } as never);
  await confirm(shop, purchase);

  const again = await open(shop, body);
  assert.equal(again.status, 200);
  assert.equal(again.body.orderId, first.orderId);
  assert.equal(again.body.status, "paid");
  // Defaults that are written out are the same order.
  const spelled = await open(shop, { ...body, adjustments: [] });
  assert.equal(spelled.status, 200);

  const differences: Record<string, unknown>[] = [
    { lines: LINES.slice(0, 1) },
    { adjustments: ADJUSTMENTS },
    { userId: crypto.randomUUID() },
    { orderName: "another" },
    { metadata: { a: "2" } },
  ];
  for (const difference of differences) {
    const refused = await open(shop, { ...body, ...difference });
    assert.equal(refused.status, 409, JSON.stringify(difference));
    assert.equal(refused.body.code, "reference_conflict");
  }
});

test("an order of nothing is paid at once, without Toss", async (shop) => {
  const order = await opened(shop, {
    lines: [{ name: "샘플", unitPrice: 3_000, quantity: 1 }],
    adjustments: [{ kind: "points", name: "포인트", amount: -3_000 }],
    reference: "free-1",
  });
  assert.equal(order.amount, 0);
  assert.equal(order.status, "paid");
  const { sql } = shop.stack;
  const [row] = await sql`
    select o.status, o.payment_key, (select count(*)::int from public.payments as p where p.order_id = o.id) as payments
    from public.orders as o where o.id = ${String(order.orderId)}`;
  assert.deepEqual({ ...row }, {
    status: "paid",
    payment_key: null,
    payments: 0,
  });
});

const REFUSED: [string, Record<string, unknown>, RegExp][] = [
  ["no lines", { lines: [] }, /lines/],
  ["items", { items: ONE_STICKER.items }, /lines/],
  ["a discount that adds", {
    lines: LINES,
    adjustments: [{ kind: "discount", name: "x", amount: 1 }],
  }, /amount/],
  ["more off than there is", {
    lines: LINES,
    adjustments: [{ kind: "coupon", name: "x", amount: -60_000 }],
  }, /total/],
  ["a total between nothing and 100 won", {
    lines: [{ name: "x", unitPrice: 99, quantity: 1 }],
  }, /lines: .*100 won/],
  ["a tax-free part above the total", {
    lines: LINES,
    adjustments: [{ kind: "coupon", name: "x", amount: -45_000 }],
  }, /tax-free/],
  ["a tax-free part below nothing", {
    lines: LINES,
    adjustments: [
      { kind: "coupon", name: "x", amount: -16_000, taxFree: true },
    ],
  }, /tax-free/],
  ["half a won", {
    lines: [{ name: "x", unitPrice: 100.5, quantity: 1 }],
  }, /unitPrice/],
  ["an unknown field", { lines: LINES, price: 1 }, /price/],
  ["a reference of 65 characters", {
    lines: LINES,
    reference: "r".repeat(65),
  }, /reference/],
];

test("what the shop's server gets wrong is named, and opens no order", async (shop) => {
  const count = async () => {
    const [row] = await shop.stack.sql<{ count: number }[]>`
      select count(*)::int from public.orders`;
    return row?.count;
  };
  const before = await count();
  for (const [what, body, problem] of REFUSED) {
    const answer = await open(shop, body);
    assert.equal(answer.status, 400, what);
    assert.equal(answer.body.code, "invalid_request", what);
    assert.match(JSON.stringify(answer.body), problem, what);
  }
  assert.equal(await count(), before);
});

test("a buyer's page names no prices", async (shop) => {
  const answer = await callFunction(shop, "checkout", {
    body: { lines: LINES },
    headers: { apikey: shop.stack.publishableKey },
  });
  assert.equal(answer.status, 400);
  assert.match(JSON.stringify(answer.body), /lines/);
});

test("the tax-free part of products and plans is that of the order", async (shop) => {
  const { sql } = shop.stack;
  await sql`update public.products set tax_free = true where id = 'sticker'`;
  try {
    const order = await placeOrder(shop, ONE_STICKER);
    const [row] = await sql<{ tax_free: number }[]>`
      select tax_free_amount::int as tax_free from public.orders where id = ${order.orderId}`;
    assert.equal(row?.tax_free, 3_000);
  } finally {
    await sql`update public.products set tax_free = false where id = 'sticker'`;
  }
});
