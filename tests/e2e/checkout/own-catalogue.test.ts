import assert from "node:assert/strict";
import { assertBooksAgree } from "../../support/books.ts";
import {
  checkout,
  confirm,
  payInWindow,
  placeOrder,
} from "../../support/buy.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests({}, async (shop) => {
  await shop.stack.sql`select public.use_catalogue(null)`;
  await assertBooksAgree(shop);
});

/** The shop prices carts with this expression over `request`. */
async function useCatalogue({ stack }: Shop, answer: string): Promise<void> {
  await stack.sql.unsafe(`
    create schema if not exists shop authorization postgres;
    create table if not exists shop.books (isbn text primary key, title text not null, won integer not null);
    alter table shop.books owner to postgres;
    insert into shop.books values ('9788936433598', '소년이 온다', 15000) on conflict do nothing;
    create or replace function shop.price_cart(request jsonb) returns jsonb language plpgsql as $$
    begin
      return ${answer};
    end;
    $$`).simple();
  await stack.sql`select public.use_catalogue('shop.price_cart')`;
}

const BOOKS = `(
  select jsonb_build_object(
    'lines', jsonb_agg(jsonb_build_object(
      'productId', b.isbn, 'name', b.title, 'unitPrice', b.won,
      'quantity', (i.value ->> 'quantity')::integer, 'taxFree', true
    )),
    'adjustments', case when request ->> 'userId' is not null then jsonb_build_array(
      jsonb_build_object('kind', 'coupon', 'name', request -> 'metadata' ->> 'coupon', 'amount', -1000, 'taxFree', true)
    ) else '[]'::jsonb end
  )
  from jsonb_array_elements(request -> 'items') as i
  join shop.books as b on b.isbn = i.value ->> 'productId'
)`;

const TWO_BOOKS = { items: [{ productId: "9788936433598", quantity: 2 }] };

test("a cart is priced from the shop's own tables, and paid", async (shop) => {
  await useCatalogue(shop, BOOKS);
  const order = await placeOrder(shop, TWO_BOOKS);
  assert.equal(order.amount, 30_000);
  assert.equal(order.taxFreeAmount, 30_000);
  assert.equal(order.orderName, "소년이 온다");
  assert.equal((await confirm(shop, payInWindow(shop, order))).status, 200);

  const buyer = await signUp(shop);
  const body = { ...TWO_BOOKS, metadata: { coupon: "첫 책" } };
  const cheaper = await placeOrder(shop, body, buyer.accessToken);
  assert.equal(cheaper.amount, 29_000);
  const { data } = await buyer.client.from("order_adjustments").select(
    "kind, name, amount",
  );
  assert.deepEqual(data, [{ kind: "coupon", name: "첫 책", amount: -1000 }]);
});

test("a product of the same id in products keeps its stock", async (shop) => {
  const { sql } = shop.stack;
  await sql`
    insert into public.products (id, name, price, stock) values ('9788936433598', 'another', 1, 0)
    on conflict (id) do update set stock = 0`;
  await useCatalogue(shop, BOOKS);
  assert.equal((await placeOrder(shop, TWO_BOOKS)).amount, 30_000);
  await sql`update public.products set active = false where id = '9788936433598'`;
});

const REFUSALS: [string, number, string][] = [
  ["product_not_found", 404, "no such book"],
  ["insufficient_stock", 409, "one is left"],
  ["cart_empty", 400, "nothing chosen"],
  ["invalid_request", 400, "books and music go apart"],
];

test("the shop's own refusal reaches the page with its words", async (shop) => {
  for (const [code, status, message] of REFUSALS) {
    await useCatalogue(
      shop,
      `jsonb_build_object('refusal', jsonb_build_object('code', '${code}', 'message', '${message}'))`,
    );
    const answer = await checkout(shop, TWO_BOOKS);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.code, code);
    assert.equal(answer.body.message, message);
  }
});

const WRONG = [
  "null",
  "'{}'::jsonb",
  `'{"lines": []}'::jsonb`,
  `'{"lines": [{"name": "x", "unitPrice": 10.5, "quantity": 1}]}'::jsonb`,
  `'{"lines": [{"name": "", "unitPrice": 1000, "quantity": 1}]}'::jsonb`,
  `'{"lines": [{"name": "x", "unitPrice": 1000}]}'::jsonb`,
  `'{"lines": [{"name": "x", "unitPrice": 1000, "quantity": 1}], "adjustments": [{"kind": "points", "name": "x", "amount": 5}]}'::jsonb`,
  `'{"refusal": {"code": "no_code_of_ours"}}'::jsonb`,
  "(1 / (request ->> 'userId')::integer)::text::jsonb",
  "(select jsonb_build_object('a', 1 / 0))",
];

test("a catalogue that raises or answers nonsense opens no order and says nothing to the buyer", async (shop) => {
  const orders = async () =>
    (await shop.stack.sql`select id from public.orders`).length;
  const before = await orders();
  for (const answer of WRONG) {
    await useCatalogue(shop, answer);
    const { status, body } = await checkout(shop, TWO_BOOKS);
    assert.equal(status, 500, answer);
    assert.equal(body.code, "internal_error", answer);
  }
  assert.equal(await orders(), before);
});
