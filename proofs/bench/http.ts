import type { Stack } from "../../stack/stack.ts";
import { sample, type Samples } from "./samples.ts";

/** The three values of a confirm. */
interface Purchase {
  paymentKey: string;
  orderId: string;
  amount: number;
}

async function post(
  stack: Stack,
  name: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${stack.functionsUrl}/${name}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      apikey: stack.publishableKey,
    },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  if (!answer.ok || answer.status === 202) {
    throw new Error(`${name}: ${answer.status} ${JSON.stringify(found)}`);
  }
  return found;
}

/** An order whose payment the buyer has authenticated. */
async function startPurchase(stack: Stack): Promise<Purchase> {
  const order = await post(stack, "checkout", {
    items: [{ productId: "sticker", quantity: 1 }],
  });
  const orderId = String(order.orderId);
  const amount = Number(order.amount);
  const payment = stack.simulator?.createPayment({ orderId, amount });
  if (payment === undefined) throw new Error("there is no simulator");
  return { paymentKey: payment.paymentKey, orderId, amount };
}

/** Times `POST confirm` alone, for payments that were made ready before. */
export async function measureConfirm(
  stack: Stack,
  { count, senders }: { count: number; senders: number },
): Promise<Samples> {
  const purchases: Purchase[] = [];
  for (let n = 0; n < count; n++) purchases.push(await startPurchase(stack));
  const calls = purchases.map((purchase) => async () => {
    await post(stack, "confirm", purchase);
  });
  return await sample(calls, senders);
}

/** Times `POST webhook` up to its 200, for events about orders of this project. */
export async function measureWebhook(
  stack: Stack,
  { count, senders }: { count: number; senders: number },
): Promise<Samples> {
  const { orderId, paymentKey } = await startPurchase(stack);
  const calls = Array.from({ length: count }, () => async () => {
    await post(stack, "webhook", {
      eventType: "PAYMENT_STATUS_CHANGED",
      data: { orderId, paymentKey, nonce: crypto.randomUUID() },
    });
  });
  const samples = await sample(calls, senders);
  await stack.functionsSettled();
  return samples;
}
