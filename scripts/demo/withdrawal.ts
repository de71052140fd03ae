import { expectStep, grouped, type Scene } from "./scene.ts";
import type { Answer } from "./shop.ts";

/** A buyer changes their mind, the shop accepts five times at once, and the money goes back once. */
export const withdrawal: Scene = {
  title: "A withdrawal 청약철회",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "mug", quantity: 1 }],
    });
    await shop.confirm(order, shop.pay(order));
    const asked: Answer = await shop.asBuyer("withdrawal", {
      orderId: order.orderId,
      reason: "색상이 달라요",
      requestId: "demo-withdrawal",
    });
    const { withdrawalId, dueAt } = asked.body;
    const due = new Intl.DateTimeFormat("en-GB", {
      timeZone: "Asia/Seoul",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    }).format(new Date(String(dueAt)));
    const accepted = await Promise.all(
      Array.from(
        { length: 5 },
        () => shop.asOperator("withdrawal", { withdrawalId, action: "accept" }),
      ),
    );
    const refused = await shop.asOperator("withdrawal", {
      withdrawalId,
      action: "refuse",
    });
    await shop.settle();
    const [ledger] = await shop.stack.sql`
      select count(*)::int as rows, sum(k.amount)::int as total
      from public.payment_cancels as k
      join public.payments as p on p.payment_key = k.payment_key
      where p.order_id = ${order.orderId}`;
    return [
      expectStep(
        "a buyer asks to give an order back",
        `${asked.status} ${asked.body.status}, due at the end of a day in Seoul, ${due}`,
        "201 requested, due at the end of a day in Seoul, 23:59:59",
      ),
      expectStep(
        "the shop accepts, five times at once",
        `${new Set(accepted.map(({ status }) => status)).size} status, ${
          accepted[0]?.status
        } ${accepted[0]?.body.status}, ${ledger?.rows} refund of ${
          grouped(ledger?.total)
        } won`,
        "1 status, 200 accepted, 1 refund of 9,900 won",
      ),
      expectStep(
        "and then refuses",
        `${refused.status} ${refused.body.code}`,
        "409 withdrawal_decided",
      ),
      expectStep("the order", await shop.orderStatus(order), "refunded"),
    ];
  },
};
