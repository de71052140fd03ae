import { expectStep, type Scene } from "./scene.ts";
import type { Answer, Order, Shop } from "./shop.ts";

function issue(shop: Shop, { orderId }: Order): Promise<Answer> {
  return shop.asBuyer("virtual-account", {
    orderId,
    bank: "국민",
    customerName: "김토스",
    escrow: true,
  });
}

const STICKERS = { items: [{ productId: "sticker", quantity: 2 }] };

/** Money by transfer: deposit, the bank takes it back, a refund to an account; and a deposit that never comes. */
export const virtualAccount: Scene = {
  title: "A virtual account 가상계좌",
  async play(shop) {
    const { toss } = shop;
    const order = await shop.checkout(STICKERS);
    const issued = await issue(shop, order);
    const paymentKey = String(issued.body.paymentKey);
    const waiting = await shop.orderStatus(order);
    toss.deposit(paymentKey);
    await shop.settle();
    const paid = await shop.orderStatus(order);
    toss.reverseDeposit(paymentKey);
    await shop.settle();
    const reversed = await shop.orderStatus(order);
    toss.deposit(paymentKey);
    await shop.settle();
    const request = {
      orderId: order.orderId,
      cancelReason: "고객 요청",
      requestId: "demo",
    };
    const part = await shop.asOperator("cancel", {
      ...request,
      cancelAmount: 1_000,
      requestId: "part",
    });
    const without = await shop.asOperator("cancel", request);
    const refunded = await shop.asOperator("cancel", {
      ...request,
      refundReceiveAccount: {
        bank: "신한",
        accountNumber: "110123456789",
        holderName: "김토스",
      },
    });
    await shop.settle();

    const forgotten = await shop.checkout(STICKERS);
    await issue(shop, forgotten);
    await shop.stack.advanceClock({ hours: 25 });
    await shop.asCron("worker", { job: "expiry" });
    await shop.settle();
    return [
      expectStep(
        "the buyer chooses a bank",
        `${issued.status} ${waiting}`,
        "201 waiting_for_deposit",
      ),
      expectStep("the deposit arrives", paid, "paid"),
      expectStep("the bank takes it back", reversed, "waiting_for_deposit"),
      expectStep(
        "a part of it, under escrow",
        `${part.status} ${part.body.code}`,
        "422 partial_refund_not_possible",
      ),
      expectStep(
        "a refund that names no account",
        `${without.status} ${without.body.code}`,
        "422 refund_account_required",
      ),
      expectStep(
        "a refund to an account",
        `${refunded.status} ${refunded.body.status}`,
        "200 refunded",
      ),
      expectStep(
        "another one's deadline passes in silence",
        await shop.orderStatus(forgotten),
        "expired",
      ),
    ];
  },
};
