import { expectStep, type Scene } from "./scene.ts";

/** A guest wants to be forgotten: the name goes, the money stays, and a late webhook brings nothing back. */
export const privacy: Scene = {
  title: "A buyer is erased 개인정보 파기",
  async play(shop) {
    const { sql } = shop.stack;
    const { body } = await shop.asOperator("checkout", {
      lines: [{ name: "A ring for Kim", unitPrice: 50_000, quantity: 1 }],
      orderName: "For Kim",
      customerName: "Kim",
      customerEmail: "kim@shop.example",
    });
    const order = {
      orderId: String(body.orderId),
      orderName: String(body.orderName),
      amount: Number(body.amount),
      clientKey: String(body.clientKey),
      successUrl: String(body.successUrl),
    };
    await shop.confirm(order, shop.pay(order));
    await shop.settle();
    const request = { orderId: order.orderId, isConfirmed: true };
    const [erased] = await sql`
      select public.erase_person(${
      sql.json(request)
    }) ->> 'outcome' as outcome`;
    const refund = await shop.asOperator("cancel", {
      orderId: order.orderId,
      cancelReason: "Kim gave it back",
      requestId: "demo-privacy",
    });
    await shop.settle();
    const [row] = await sql`
      select concat_ws(', ', o.order_name, o.customer_name, o.customer_email, i.name, k.reason) as texts,
        o.amount::int as amount, k.amount::int as refunded
      from public.orders as o
      join public.order_items as i on i.order_id = o.id
      join public.payments as p on p.order_id = o.id
      join public.payment_cancels as k on k.payment_key = p.payment_key
      where o.id = ${order.orderId}`;
    return [
      expectStep("a guest's order is erased", erased?.outcome, "erased"),
      expectStep("a refund, a day later", `${refund.status}`, "200"),
      expectStep(
        "what the rows still say",
        `${row?.texts}; ${row?.amount} won paid, ${row?.refunded} refunded`,
        "[erased], [erased], [erased]; 50000 won paid, 50000 refunded",
      ),
    ];
  },
};
