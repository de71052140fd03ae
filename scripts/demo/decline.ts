import { expectStep, type Scene } from "./scene.ts";

/** A declined card, and another payment of the same order. */
export const decline: Scene = {
  title: "A decline 승인 거절",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "tshirt", quantity: 1 }],
    });
    const refusedKey = shop.pay(order);
    shop.toss.decline(refusedKey, "REJECT_CARD_PAYMENT");
    const refused = await shop.confirm(order, refusedKey);
    const retried = await shop.confirm(order, shop.pay(order));
    await shop.settle();
    return [
      expectStep(
        "the card has no limit left",
        `${refused.status} ${refused.body.tossCode}, do: ${refused.body.action}`,
        "402 REJECT_CARD_PAYMENT, do: use_another_method",
      ),
      expectStep(
        "another card",
        `${retried.status} ${retried.body.status}`,
        "200 confirmed",
      ),
      expectStep("the order", await shop.orderStatus(order), "paid"),
    ];
  },
};
