import type { MailboxEntry } from "../../simulator/providers/providers.ts";
import { expectStep, type Scene } from "./scene.ts";
import type { Order, Shop } from "./shop.ts";

const CART = {
  items: [{ productId: "sticker", quantity: 1 }],
  customerEmail: "buyer@mail.test",
  customerMobilePhone: "01012345678",
};

async function pay(shop: Shop): Promise<{ order: Order; status: number }> {
  const order = await shop.checkout(CART);
  const { status } = await shop.confirm(order, shop.pay(order));
  return { order, status };
}

/** What a buyer was told of an order, once nothing of it is under way. */
async function toldOf(shop: Shop, { orderId }: Order): Promise<MailboxEntry[]> {
  for (let round = 0; round < 20; round++) {
    await shop.asCron("worker", { job: "outbox" });
    const [row] = await shop.stack.sql<{ sent: number }[]>`
      select count(*)::integer as sent from public.notifications
      where order_id = ${orderId} and status = 'sent'`;
    if (row?.sent === 2) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (shop.stack.providers?.mailbox() ?? []).filter(({ text }) =>
    text.includes(orderId)
  );
}

const channels = (told: readonly MailboxEntry[]) =>
  told.map(({ type }) => type).sort().join(" ");

/** A receipt by e-mail and message, once each; and a day on which nobody delivers. */
export const notices: Scene = {
  title: "Notices to buyers 알림",
  async play(shop) {
    const { providers } = shop.stack;
    const first = await pay(shop);
    const told = await toldOf(shop, first.order);
    const mail = told.find(({ type }) => type === "EMAIL");

    for (const provider of ["resend", "solapi"] as const) {
      providers?.addFault({ provider, kind: "outage", count: "always" });
    }
    const second = await pay(shop);
    await shop.asCron("worker", { job: "outbox" });
    const [waiting] = await shop.stack.sql<{ count: number }[]>`
      select count(*)::integer as count from public.notifications
      where order_id = ${second.order.orderId} and status = 'pending'`;
    providers?.clearFaults();
    await shop.stack.advanceClock({ minutes: 15 });
    const later = await toldOf(shop, second.order);
    return [
      expectStep(
        "a receipt by e-mail and message",
        channels(told),
        "EMAIL LMS",
      ),
      expectStep(
        "its subject",
        mail?.subject ?? "",
        "[우리 상점] 결제가 완료되었어요",
      ),
      expectStep(
        "no provider answers, the buyer pays",
        `${second.status}`,
        "200",
      ),
      expectStep("the receipt waits", `${waiting?.count} pending`, "2 pending"),
      expectStep(
        "it comes when they answer again",
        channels(later),
        "EMAIL LMS",
      ),
    ];
  },
};
