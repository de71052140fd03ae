import { expectStep, grouped, type Scene } from "./scene.ts";

/** A receipt for money that came in cash: asked for many times, its answer lost, a refund taken from it. */
export const cashReceipt: Scene = {
  title: "A cash receipt 현금영수증",
  async play(shop) {
    const { toss } = shop;
    const order = await shop.checkout({
      items: [{ productId: "sticker", quantity: 2 }],
    });
    const { orderId } = order;
    const issued = await shop.asBuyer("virtual-account", {
      orderId,
      bank: "국민",
      customerName: "김토스",
    });
    toss.deposit(String(issued.body.paymentKey));
    await shop.settle();
    const request = {
      orderId,
      type: "소득공제",
      customerIdentityNumber: "01012345678",
    };
    toss.addFault({
      kind: "lose_answer_after",
      method: "POST",
      path: "/v1/cash-receipts",
      count: "always",
    });
    const lost = await shop.asBuyer("cash-receipt", {
      ...request,
      requestId: "demo",
    });
    toss.clearFaults();
    await shop.stack.advanceClock({ minutes: 3 });
    await shop.asCron("worker", { job: "operations" });
    const told = await shop.asBuyer("cash-receipt", {
      ...request,
      requestId: "demo",
    });
    const second = await shop.asBuyer("cash-receipt", {
      ...request,
      requestId: "another",
    });
    await shop.asOperator("cancel", {
      orderId,
      cancelReason: "한 개 반품",
      cancelAmount: order.amount / 2,
      requestId: "demo-receipt",
      refundReceiveAccount: {
        bank: "신한",
        accountNumber: "110123456789",
        holderName: "김토스",
      },
    });
    await shop.settle();
    await shop.asCron("worker", { job: "operations" });
    const atToss = toss.cashReceipts().filter((receipt) =>
      receipt.orderId === orderId
    );
    const [receipt] = atToss;
    return [
      expectStep(
        "asked for, and Toss's answer is lost",
        `${lost.status} ${lost.body.status}`,
        "202 processing",
      ),
      expectStep(
        "the worker asks; the same request again",
        `${told.status} ${told.body.issueStatus}, ${
          grouped(told.body.amount)
        } won`,
        `201 COMPLETED, ${grouped(order.amount)} won`,
      ),
      expectStep(
        "a second one",
        `${second.status} ${second.body.code}`,
        "409 cash_receipt_exists",
      ),
      expectStep(
        "a refund is taken from it",
        `${atToss.length - 1} cancel at Toss, ${
          grouped((receipt?.amount ?? 0) - (receipt?.canceledAmount ?? 0))
        } won left`,
        `1 cancel at Toss, ${grouped(order.amount / 2)} won left`,
      ),
    ];
  },
};
