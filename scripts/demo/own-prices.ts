import { expectStep, grouped, type Scene } from "./scene.ts";
import type { Order } from "./shop.ts";

const CART = {
  lines: [
    { name: "원두 1kg", unitPrice: 20_000, quantity: 2 },
    { name: "쌀 5kg", unitPrice: 15_000, quantity: 1, taxFree: true },
  ],
  adjustments: [{ kind: "coupon", name: "첫 주문", amount: -5_000 }],
  reference: "demo-2026-0001",
};

const FREE = {
  lines: [{ name: "샘플", unitPrice: 3_000, quantity: 1 }],
  adjustments: [{ kind: "points", name: "포인트", amount: -3_000 }],
};

const SHOPS_CODE = `
  create table if not exists public.parcels (order_id text primary key, status text not null);
  create or replace function public.follow_order(event jsonb) returns void language plpgsql as $$
  begin
    insert into public.parcels values (event ->> 'orderId', event ->> 'to')
    on conflict (order_id) do update set status = excluded.status;
  end;
  $$;
  grant all on public.parcels to postgres;
  select public.use_order_hook('public.follow_order');
`;

/** A shop with prices and tables of its own. */
export const ownPrices: Scene = {
  title: "The shop's own prices and tables 자체 가격",
  async play(shop) {
    const { sql } = shop.stack;
    await sql.unsafe(SHOPS_CODE).simple();
    const first = await shop.asOperator("checkout", CART);
    const again = await shop.asOperator("checkout", CART);
    const order = first.body as unknown as Order;
    const { paymentKey } = shop.toss.createPayment({
      ...{ orderId: order.orderId, amount: order.amount },
      clientKey: order.clientKey,
      taxFreeAmount: Number(first.body.taxFreeAmount),
    });
    await shop.confirm(order, paymentKey);
    const free = await shop.asOperator("checkout", FREE);
    const [parcel] = await sql<{ status: string }[]>`
      select status from public.parcels where order_id = ${order.orderId}`;
    const [split] = await sql<{ vat: number; free: number }[]>`
      select vat::int, tax_free_amount::int as free from public.payments where payment_key = ${paymentKey}`;
    await sql`select public.use_order_hook(null)`;
    return [
      expectStep(
        "the shop's server names lines and a coupon",
        `${first.status}, ${grouped(order.amount)} KRW`,
        "201, 50,000 KRW",
      ),
      expectStep(
        "the same reference again",
        `${again.status}, the same order: ${
          again.body.orderId === order.orderId
        }`,
        "200, the same order: true",
      ),
      expectStep(
        "its tax",
        `VAT ${grouped(split?.vat)}, tax-free ${grouped(split?.free)}`,
        "VAT 3,182, tax-free 15,000",
      ),
      expectStep(
        "the shop's own table followed",
        String(parcel?.status),
        "paid",
      ),
      expectStep(
        "an order of nothing",
        `${free.status} ${free.body.status}`,
        "201 paid",
      ),
    ];
  },
};
