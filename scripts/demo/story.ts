import {
  type Story,
  story as storySchema,
} from "../../supabase/functions/_shared/story/story.ts";
import { webhookUrl } from "../../stack/webhook-url.ts";
import { refundInDashboard } from "./reconciliation.ts";
import { expectStep, type Scene } from "./scene.ts";
import type { Order, Shop } from "./shop.ts";

async function tell(shop: Shop, { orderId: id }: Order): Promise<Story> {
  const { body } = await shop.asOperator("operator", { action: "order", id });
  return storySchema.parse(body);
}

/** What `toss replay --look` does. */
async function lookAgain(shop: Shop, id: string): Promise<void> {
  const { sql } = shop.stack;
  await sql`select public.look_again(${sql.json({ id })})`;
  await shop.asOperator("worker", { job: "webhooks" });
}

function commandOf({ next }: Story, { orderId }: Order): string {
  return next?.command.replace("npx -y deno task ", "")
    .replace(orderId, "<orderId>") ?? "nothing is to be done";
}

/** A complaint in two commands: one tells what happened, the other mends it. */
export const story: Scene = {
  title: "One order 주문 하나",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "sticker", quantity: 1 }],
    });
    await shop.confirm(order, shop.pay(order));
    await shop.settle();
    shop.toss.setWebhookUrls([]);
    await refundInDashboard(shop, order);
    const before = await tell(shop, order);
    await lookAgain(shop, order.orderId);
    const after = await tell(shop, order);
    shop.toss.setWebhookUrls([webhookUrl(shop.stack.functionsUrl, {})]);
    return [
      expectStep(
        "toss order, after a refund that no webhook told",
        `${before.order?.status} here, ${before.toss?.status} at Toss`,
        "paid here, CANCELED at Toss",
      ),
      expectStep(
        "the next step",
        commandOf(before, order),
        "toss replay --look <orderId>",
      ),
      expectStep(
        "toss order, once that was done",
        `${after.order?.status}, ${commandOf(after, order)}`,
        "refunded, nothing is to be done",
      ),
    ];
  },
};
