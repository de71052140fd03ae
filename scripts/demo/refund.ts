import { expectStep, grouped, type Scene } from "./scene.ts";
import type { Answer, Order, Shop } from "./shop.ts";

function cancel(
  shop: Shop,
  { orderId }: Order,
  requestId: string,
  cancelAmount?: number,
): Promise<Answer> {
  return shop.asOperator("cancel", {
    orderId,
    requestId,
    cancelReason: "고객 요청",
    ...(cancelAmount === undefined ? {} : { cancelAmount }),
  });
}

/** An operator gives money back: a part twice asked for, too much, and the rest. */
export const refund: Scene = {
  title: "Refunds 환불",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "tshirt", quantity: 2 }],
    });
    await shop.confirm(order, shop.pay(order));
    const repeats = await Promise.all(
      Array.from({ length: 5 }, () => cancel(shop, order, "part", 10_000)),
    );
    const bodies = new Set(repeats.map(({ body }) => JSON.stringify(body)));
    const races = await Promise.all(
      ["a", "b", "c", "d"].map((name) => cancel(shop, order, name, 15_000)),
    );
    const refused = races.find(({ status }) => status === 422);
    const rest = await cancel(shop, order, "rest");
    await shop.settle();
    const status = await shop.orderStatus(order);
    const [ledger] = await shop.stack.sql`
      select count(*)::int as rows, sum(k.amount)::int as total
      from public.payment_cancels as k
      join public.payments as p on p.payment_key = k.payment_key
      where p.order_id = ${order.orderId}`;
    const [told] = await shop.stack.sql`
      select count(*)::int as events from public.outbox_events
      where subject = ${order.orderId} and event_type like 'payment.%refunded'`;
    return [
      expectStep(
        "10,000 of 30,000 won, asked for five times",
        `${repeats[0]?.status}, ${bodies.size} answer, ${
          grouped(repeats[0]?.body.balanceAmount)
        } left`,
        "200, 1 answer, 20,000 left",
      ),
      expectStep(
        "four refunds of 15,000 won at once",
        `${
          races.filter(({ status }) => status === 200).length
        } made, the others ${refused?.status} ${refused?.body.code}`,
        "1 made, the others 422 cancel_amount_exceeds_balance",
      ),
      expectStep(
        "the rest",
        `${rest.status} ${rest.body.status}, ${
          grouped(rest.body.balanceAmount)
        } left`,
        "200 refunded, 0 left",
      ),
      expectStep(
        "the order and its ledger",
        `${status}, ${ledger?.rows} cancels of ${
          grouped(ledger?.total)
        } won, ${told?.events} events`,
        "refunded, 3 cancels of 30,000 won, 3 events",
      ),
    ];
  },
};
