import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import {
  buy,
  checkout,
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../../support/buy.ts";
import {
  addProduct,
  makeOrderOverdue,
  orderRow,
  stockOf,
} from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

function cart(...lines: [string, number][]) {
  return {
    items: lines.map(([productId, quantity]) => ({ productId, quantity })),
  };
}

test("checkout reserves the stock and a refused one tells what is left", async (shop) => {
  await addProduct(shop, "few", 3);
  await placeOrder(shop, cart(["few", 2]));

  const { status, body } = await checkout(shop, cart(["few", 2]));

  assert.equal(status, 409);
  assert.equal(body.code, "insufficient_stock");
  assert.deepEqual(body.details, { productId: "few", available: 1 });
  assert.equal(await stockOf(shop, "few"), 1);
});

test("checkout takes nothing of a cart of which one product is short", async (shop) => {
  await addProduct(shop, "plenty", 9);
  await addProduct(shop, "scarce", 1);

  const { status } = await checkout(shop, cart(["plenty", 4], ["scarce", 2]));

  assert.equal(status, 409);
  assert.equal(await stockOf(shop, "plenty"), 9);
  assert.equal(await stockOf(shop, "scarce"), 1);
});

test("20 checkouts of the last unit at once sell it once", async (shop) => {
  await addProduct(shop, "last", 1);

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => checkout(shop, cart(["last", 1]))),
  );

  const codes = answers.map(({ status, body }) => body.code ?? status);
  assert.deepEqual(codes.filter((code) => code === 201).length, 1);
  assert.equal(
    codes.filter((code) => code === "insufficient_stock").length,
    19,
  );
  assert.equal(await stockOf(shop, "last"), 0);
});

test("30 checkouts at once of carts that share products in any order do not lock each other out", async (shop) => {
  for (const id of ["red", "green", "blue"]) await addProduct(shop, id, 100);
  const carts = [
    cart(["red", 1], ["green", 1], ["blue", 1]),
    cart(["blue", 1], ["red", 1]),
    cart(["green", 1], ["blue", 1], ["red", 1]),
  ];

  const answers = await Promise.all(
    Array.from(
      { length: 30 },
      (_, index) => checkout(shop, carts[index % carts.length]),
    ),
  );

  assert.deepEqual(answers.map(({ status }) => status), Array(30).fill(201));
  assert.equal(await stockOf(shop, "red"), 70);
  assert.equal(await stockOf(shop, "green"), 80);
  assert.equal(await stockOf(shop, "blue"), 70);
});

test("checkouts and refunds of the same products at once keep the stock right", async (shop) => {
  for (const id of ["left", "right"]) await addProduct(shop, id, 50);
  const there = cart(["left", 1], ["right", 1]);
  const back = cart(["right", 1], ["left", 1]);
  const paid = await Promise.all(
    Array.from({ length: 6 }, () => buy(shop, there)),
  );

  await Promise.all([
    ...paid.map(({ paymentKey }) => cancelAtToss(shop, paymentKey)),
    ...Array.from({ length: 12 }, () => placeOrder(shop, back)),
  ]);
  await settleWebhooks(shop);

  assert.equal(await stockOf(shop, "left"), 50 - 12);
  assert.equal(await stockOf(shop, "right"), 50 - 12);
});

test("the stock of an overdue order goes to the next buyer", async (shop) => {
  await addProduct(shop, "returned", 1);
  const first = await startPurchase(shop, cart(["returned", 1]));
  assert.equal((await checkout(shop, cart(["returned", 1]))).status, 409);
  await makeOrderOverdue(shop, first.orderId);

  const second = await placeOrder(shop, cart(["returned", 1]));

  assert.equal((await orderRow(shop, first.orderId)).status, "expired");
  assert.equal(await stockOf(shop, "returned"), 0);
  assert.equal((await confirm(shop, first)).status, 410);
  assert.equal((await confirm(shop, payInWindow(shop, second))).status, 200);
});

test("20 buyers of an overdue order's last unit at once get it once", async (shop) => {
  await addProduct(shop, "contested", 1);
  const first = await placeOrder(shop, cart(["contested", 1]));
  await makeOrderOverdue(shop, first.orderId);

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => checkout(shop, cart(["contested", 1]))),
  );

  const won = answers.filter(({ status }) => status === 201);
  assert.equal(won.length, 1);
  assert.equal(await stockOf(shop, "contested"), 0);
});

test("a paid order keeps its stock when its time is over", async (shop) => {
  await addProduct(shop, "sold", 1);
  const purchase = await buy(shop, cart(["sold", 1]));
  await makeOrderOverdue(shop, purchase.orderId);

  assert.equal((await checkout(shop, cart(["sold", 1]))).status, 409);
  assert.equal((await orderRow(shop, purchase.orderId)).status, "paid");
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("a product without a stock number never runs out", async (shop) => {
  await addProduct(shop, "endless", null);

  const order = await placeOrder(shop, cart(["endless", 9999]));

  assert.equal(order.amount, 9_999_000);
  assert.equal(await stockOf(shop, "endless"), null);
});

async function setStock({ stack }: Shop, id: string, stock: number | null) {
  await stack.sql`update public.products set stock = ${stock} where id = ${id}`;
}

test("an order that expires while its product's stock is lifted holds nothing afterwards", async (shop) => {
  await addProduct(shop, "lifted", 5);
  const order = await placeOrder(shop, cart(["lifted", 2]));
  await setStock(shop, "lifted", null);
  await makeOrderOverdue(shop, order.orderId);

  assert.equal((await work(shop, "expiry")).expired, 1);

  await assertInvariantsHold(shop);
  await setStock(shop, "lifted", 7);
  await assertInvariantsHold(shop);
  assert.equal(await stockOf(shop, "lifted"), 7);
  await placeOrder(shop, cart(["lifted", 7]));
});

test("an order returns its units when its product's stock was lifted and set again before it expires", async (shop) => {
  await addProduct(shop, "recounted", 5);
  const order = await placeOrder(shop, cart(["recounted", 2]));
  await setStock(shop, "recounted", null);
  await setStock(shop, "recounted", 7);
  await makeOrderOverdue(shop, order.orderId);

  assert.equal((await work(shop, "expiry")).expired, 1);

  await assertInvariantsHold(shop);
  assert.equal(await stockOf(shop, "recounted"), 9);
});

test("an order of a product without a stock number holds none that is set later", async (shop) => {
  await addProduct(shop, "counted-later", null);
  const order = await placeOrder(shop, cart(["counted-later", 2]));
  await setStock(shop, "counted-later", 5);
  await assertInvariantsHold(shop);
  await makeOrderOverdue(shop, order.orderId);

  assert.equal((await work(shop, "expiry")).expired, 1);

  assert.equal(await stockOf(shop, "counted-later"), 5);
});

test("an order of several products returns each of them when it expires", async (shop) => {
  await addProduct(shop, "cup", 5);
  await addProduct(shop, "plate", 5);
  const order = await placeOrder(shop, cart(["plate", 2], ["cup", 3]));
  await makeOrderOverdue(shop, order.orderId);

  const { status } = await confirm(shop, payInWindow(shop, order));

  assert.equal(status, 410);
  assert.equal(await stockOf(shop, "cup"), 5);
  assert.equal(await stockOf(shop, "plate"), 5);
});
