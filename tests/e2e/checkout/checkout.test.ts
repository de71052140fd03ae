import assert from "node:assert/strict";
import {
  checkout,
  confirm,
  ONE_STICKER,
  payInWindow,
  placeOrder,
} from "../../support/buy.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { callFunction } from "../../support/call-function.ts";
import { addProduct, auditEvents, orderRow } from "../../support/database.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

test("checkout prices the cart on the server and names it as Toss shows it", async (shop) => {
  const { stack } = shop;
  const items = [
    { productId: "tshirt", quantity: 2 },
    { productId: "mug", quantity: 1 },
    { productId: "sticker", quantity: 3 },
  ];

  const order = await placeOrder(shop, { items });

  assert.equal(order.amount, 2 * 15_000 + 9_900 + 3 * 3_000);
  assert.equal(order.orderName, "토스 티셔츠 외 2건");
  assert.equal(order.currency, "KRW");
  assert.equal(order.clientKey, stack.projectVariables.TOSS_CLIENT_KEY);
  assert.equal(order.successUrl, `${stack.functionsUrl}/confirm`);
  assert.equal(order.failUrl, `${stack.projectVariables.APP_URL}/payment/fail`);
  assert.ok(Date.parse(order.expiresAt) > Date.now() + 30 * 60_000);
  const rows = await stack.sql`
    select product_id, name, unit_price::int, quantity from public.order_items
    where order_id = ${order.orderId} order by product_id`;
  assert.deepEqual([...rows], [
    { product_id: "mug", name: "머그컵", unit_price: 9900, quantity: 1 },
    {
      product_id: "sticker",
      name: "스티커 세트",
      unit_price: 3000,
      quantity: 3,
    },
    {
      product_id: "tshirt",
      name: "토스 티셔츠",
      unit_price: 15000,
      quantity: 2,
    },
  ]);
});

test("checkout names a single product without a count", async (shop) => {
  const { orderName } = await placeOrder(shop, {
    items: [{ productId: "sticker", quantity: 5 }],
  });

  assert.equal(orderName, "스티커 세트");
});

test("checkout adds up lines of the same product", async (shop) => {
  const order = await placeOrder(shop, {
    items: [
      { productId: "sticker", quantity: 1 },
      { productId: "mug", quantity: 1 },
      { productId: "sticker", quantity: 2 },
    ],
  });

  assert.equal(order.amount, 3 * 3_000 + 9_900);
  assert.equal(order.orderName, "스티커 세트 외 1건");
});

test("checkout keeps the name within Toss's 100 characters", async (shop) => {
  await shop.stack.sql`
    insert into public.products (id, name, price) values ('long', ${
    "가".repeat(100)
  }, 1000)`;

  const order = await placeOrder(shop, {
    items: [
      { productId: "long", quantity: 1 },
      { productId: "mug", quantity: 1 },
    ],
  });

  assert.equal([...order.orderName].length, 100);
  assert.ok(order.orderName.endsWith(" 외 1건"));
});

test("a price that changes after checkout does not change the order", async (shop) => {
  await addProduct(shop, "repriced", null);
  const items = [{ productId: "repriced", quantity: 1 }];
  const order = await placeOrder(shop, { items });

  await shop.stack
    .sql`update public.products set price = 9999 where id = 'repriced'`;

  const { status, body } = await confirm(shop, payInWindow(shop, order));
  assert.equal(status, 200);
  assert.equal(body.amount, 1000);
});

const REFUSALS: [string, unknown, number, string][] = [
  ["an empty cart", { items: [] }, 400, "cart_empty"],
  [
    "an unknown product",
    { items: [{ productId: "no-such", quantity: 1 }] },
    404,
    "product_not_found",
  ],
  [
    "an inactive product",
    { items: [{ productId: "inactive", quantity: 1 }] },
    404,
    "product_not_found",
  ],
  ["neither items nor planId", {}, 400, "invalid_request"],
  [
    "items and planId",
    { ...ONE_STICKER, planId: "basic" },
    400,
    "invalid_request",
  ],
  [
    "a price from the browser",
    { items: [{ productId: "mug", quantity: 1, price: 1 }] },
    400,
    "invalid_request",
  ],
  [
    "an amount from the browser",
    { ...ONE_STICKER, amount: 1 },
    400,
    "invalid_request",
  ],
  [
    "no quantity",
    { items: [{ productId: "mug", quantity: 0 }] },
    400,
    "invalid_request",
  ],
  [
    "a negative quantity",
    { items: [{ productId: "mug", quantity: -1 }] },
    400,
    "invalid_request",
  ],
  [
    "half a unit",
    { items: [{ productId: "mug", quantity: 0.5 }] },
    400,
    "invalid_request",
  ],
  [
    "a bad e-mail address",
    { ...ONE_STICKER, customerEmail: "nobody" },
    400,
    "invalid_request",
  ],
  [
    "metadata that Toss refuses",
    { ...ONE_STICKER, metadata: { "a[b]": "c" } },
    400,
    "invalid_request",
  ],
  [
    "a total under 100 won",
    { items: [{ productId: "cheap", quantity: 9 }] },
    400,
    "invalid_request",
  ],
  [
    "a total beyond 2^53",
    { items: [{ productId: "dear", quantity: 9999 }] },
    400,
    "invalid_request",
  ],
  [
    "more than 9999 of one product on several lines",
    {
      items: [
        { productId: "sticker", quantity: 9999 },
        { productId: "sticker", quantity: 1 },
      ],
    },
    400,
    "invalid_request",
  ],
  [
    "a product priced in dollars",
    { items: [{ productId: "dollars", quantity: 1 }] },
    400,
    "invalid_request",
  ],
  [
    "products of two currencies",
    {
      items: [
        { productId: "mug", quantity: 1 },
        { productId: "dollars", quantity: 1 },
      ],
    },
    400,
    "invalid_request",
  ],
];

test("checkout refuses a cart that cannot be sold, and keeps nothing of it", async (shop) => {
  const { stack } = shop;
  await stack.sql`
    insert into public.products (id, name, price, active, currency) values
      ('inactive', '단종', 1000, false, 'KRW'), ('cheap', '사탕', 10, true, 'KRW'),
      ('dear', '섬', 9007199254740991, true, 'KRW'), ('dollars', '수입', 1050, true, 'USD')`;
  const [before] = await stack.sql`select count(*)::int from public.orders`;
  for (const [what, request, status, code] of REFUSALS) {
    const answer = await checkout(shop, request);
    assert.equal(answer.status, status, what);
    assert.equal(answer.body.code, code, what);
  }
  const [after] = await stack.sql`select count(*)::int from public.orders`;
  assert.deepEqual(after, before);
});

test("checkout names the items when they cannot be sold together", async (shop) => {
  await shop.stack.sql`
    insert into public.products (id, name, price, currency) values ('imported', '수입', 1050, 'USD')`;
  const dollars = { productId: "imported", quantity: 1 };
  const many = { productId: "sticker", quantity: 9999 };
  for (const items of [[dollars], [many, many]]) {
    const { body } = await checkout(shop, { items });
    assert.ok(Array.isArray(body.details));
    assert.deepEqual(body.details.map(({ field }) => field), ["items"]);
  }
});

test("checkout names the field that it does not know", async (shop) => {
  const { body } = await checkout(shop, {
    items: [{ productId: "mug", quantity: 1, price: 1 }],
  });

  assert.deepEqual(body.details, [
    { field: "items.0.price", problem: "unknown field; remove it" },
  ]);
});

test("checkout costs one database round trip for a guest", async (shop) => {
  const roundTrips = watchRoundTrips(shop);

  await placeOrder(shop);

  assert.deepEqual(roundTrips(), {
    rest: ["/rest/v1/rpc/create_order"],
    toss: [],
  });
});

test("a checkout stands in the audit log under its request id", async (shop) => {
  const { body } = await callFunction(shop, "checkout", {
    body: ONE_STICKER,
    headers: { ...buyerHeaders(shop), "x-request-id": "checkout-request-1" },
  });

  const orderId = String(body.orderId);
  assert.deepEqual(await auditEvents(shop, orderId), ["order_status"]);
  const [line] = await shop.stack.sql`
    select request_id, to_status from public.payment_events where order_id = ${orderId}`;
  assert.deepEqual(line, {
    request_id: "checkout-request-1",
    to_status: "pending",
  });
  assert.equal((await orderRow(shop, orderId)).status, "pending");
});
