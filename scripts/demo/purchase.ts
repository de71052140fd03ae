import { expectStep, grouped, type Scene } from "./scene.ts";

/** The main job: checkout, payment window, confirm, webhook, paid order. */
export const purchase: Scene = {
  title: "A purchase 구매",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "mug", quantity: 2 }, {
        productId: "sticker",
        quantity: 1,
      }],
    });
    const paymentKey = shop.pay(order);
    const tampered = await shop.confirm(order, paymentKey, 100);
    const confirmed = await shop.confirm(order, paymentKey);
    const again = await shop.confirm(order, paymentKey);
    const other = await shop.confirm(order, shop.pay(order));
    await shop.settle();
    const [webhook] = await shop.stack.sql`
      select status, verified_by from public.webhook_events
      where order_id = ${order.orderId} limit 1`;
    return [
      expectStep(
        "checkout prices the cart",
        `${order.orderName}, ${grouped(order.amount)} KRW`,
        "머그컵 외 1건, 22,800 KRW",
      ),
      expectStep(
        "the browser claims 100 won",
        `${tampered.status} ${tampered.body.code}`,
        "422 payment_amount_mismatch",
      ),
      expectStep(
        "confirm after the payment window",
        `${confirmed.status} ${confirmed.body.status}`,
        "200 confirmed",
      ),
      expectStep(
        "the page is reloaded",
        `${again.status} same body: ${
          JSON.stringify(again.body) === JSON.stringify(confirmed.body)
        }`,
        "200 same body: true",
      ),
      expectStep(
        "a second payment for it",
        `${other.status} ${other.body.code}`,
        "409 payment_already_confirmed",
      ),
      expectStep(
        "Toss's webhook",
        `${webhook?.status}, proven by ${webhook?.verified_by}`,
        "processed, proven by re-query",
      ),
      expectStep("the order", await shop.orderStatus(order), "paid"),
    ];
  },
};
