import { webhookUrl } from "../../stack/webhook-url.ts";
import { expectStep, type Scene } from "./scene.ts";
import type { Order, Shop } from "./shop.ts";

async function reconcile(shop: Shop): Promise<string> {
  // What has just happened is younger than the border, hence a look from later on.
  const inTwentyMinutes = new Date(shop.toss.now() + 1_200_000).toISOString();
  const response = await fetch(`${shop.stack.functionsUrl}/worker`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${shop.stack.cronSecret}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ job: "reconcile", asOf: inTwentyMinutes }),
  });
  const { healed, open, foreign } = await response.json();
  return `${healed} healed, ${open} open, ${foreign} of other shops`;
}

/** Somebody refunds an order in Toss's dashboard; answers the status of Toss's answer. */
export async function refundInDashboard(
  shop: Shop,
  { orderId }: Order,
): Promise<number> {
  const { paymentKey = "" } = shop.toss.books()
    .find((book) => book.orderId === orderId) ?? {};
  const response = await fetch(
    `${shop.toss.url}/v1/payments/${paymentKey}/cancel`,
    {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${shop.toss.secretKeyOf(paymentKey)}:`)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ cancelReason: "대시보드 환불" }),
    },
  );
  await response.body?.cancel();
  return response.status;
}

/** What Toss pays out, before its fees, and what the tax sheet says was kept. */
async function readSums({ stack }: Shop) {
  const [sums] = await stack.sql<{ settled: number; sheet: number }[]>`
    select (select sum(amount)::float8 from public.settlements) as settled,
      (select sum(total_amount - refunded_amount)::float8 from public.monthly_tax_sheet) as sheet`;
  return sums;
}

/** A refund in Toss's dashboard whose webhook never comes; the daily comparison finds it. */
export const reconciliation: Scene = {
  title: "Reconciliation 대사",
  async play(shop) {
    const order = await shop.checkout({
      items: [{ productId: "sticker", quantity: 1 }],
    });
    await shop.confirm(order, shop.pay(order));
    await shop.settle();
    shop.toss.setWebhookUrls([]);
    const refunded = await refundInDashboard(shop, order);
    const unnoticed = await shop.orderStatus(order);
    shop.toss.addForeignTransactions({ count: 3 });
    const first = await reconcile(shop);
    const noticed = await shop.orderStatus(order);
    const second = await reconcile(shop);
    const sums = await readSums(shop);
    shop.toss.setWebhookUrls([webhookUrl(shop.stack.functionsUrl, {})]);
    return [
      expectStep(
        "a refund in Toss's dashboard, its webhook lost",
        `${refunded}, the order is ${unnoticed}`,
        "200, the order is paid",
      ),
      expectStep(
        "Toss's list is compared",
        first,
        "1 healed, 0 open, 3 of other shops",
      ),
      expectStep("the order", noticed, "refunded"),
      expectStep(
        "compared again",
        second,
        "0 healed, 0 open, 3 of other shops",
      ),
      expectStep(
        "Toss's settlements against the month's tax sheet",
        `${sums?.settled.toLocaleString("en")} won`,
        `${sums?.sheet.toLocaleString("en")} won`,
      ),
    ];
  },
};
