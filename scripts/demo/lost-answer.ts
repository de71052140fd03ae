import { webhookUrl } from "../../stack/webhook-url.ts";
import { expectStep, type Scene } from "./scene.ts";
import type { Shop } from "./shop.ts";

async function runWorker(shop: Shop, job: string): Promise<string> {
  const inTenMinutes = new Date(Date.now() + 600_000).toISOString();
  const response = await fetch(`${shop.stack.functionsUrl}/worker`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${shop.stack.cronSecret}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ job, asOf: inTenMinutes }),
  });
  const { succeeded, unknown } = await response.json();
  return `succeeded ${succeeded}, unknown ${unknown}`;
}

/** Toss takes the money, its answer and its webhook are lost; the worker finds out. */
export const lostAnswer: Scene = {
  title: "A lost answer 응답 유실",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "sticker", quantity: 3 }],
    });
    const paymentKey = shop.pay(order);
    shop.toss.setWebhookUrls([]);
    shop.toss.addFault({
      kind: "lose_answer_after",
      path: "/v1/payments/confirm",
      count: 1,
    });
    const processing = await shop.confirm(order, paymentKey);
    const between = await shop.orderStatus(order);
    const other = await shop.confirm(order, shop.pay(order));
    const worker = await runWorker(shop, "operations");
    shop.toss.setWebhookUrls([webhookUrl(shop.stack.functionsUrl, {})]);
    const confirmed = await shop.confirm(order, paymentKey);
    const approvals = shop.toss.books()
      .filter(({ orderId }) => orderId === order.orderId)
      .reduce((total, book) => total + book.approvals, 0);
    return [
      expectStep(
        "Toss approves, the answer is lost",
        `${processing.status} ${processing.body.status}`,
        "202 processing",
      ),
      expectStep("the order meanwhile", between, "pending"),
      expectStep(
        "another payment meanwhile",
        `${other.status} ${other.body.code}`,
        "409 operation_in_progress",
      ),
      expectStep("the worker asks Toss", worker, "succeeded 1, unknown 0"),
      expectStep(
        "the buyer looks again",
        `${confirmed.status} ${confirmed.body.status}`,
        "200 confirmed",
      ),
      expectStep("times the money was taken", String(approvals), "1"),
    ];
  },
};
