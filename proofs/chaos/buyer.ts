import { randomUUID } from "node:crypto";
import { z } from "zod";
import { waitUntil } from "../../stack/wait-until.ts";
import { buyerHeaders, type User } from "../../stack/users.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import type { OrderPlan } from "./plan.ts";

/** An order as the buyer knows it. */
export interface PlacedOrder {
  /** With which pair its window is opened; absent = the first one. */
  clientKey?: string | undefined;
  orderId: string;
  /** KRW. */
  amount: number;
}

/** What a buyer was told when a payment was to be confirmed. */
export interface ConfirmAnswer {
  orderId: string;
  paymentKey: string;
  /** The amount that was sent, KRW. */
  amount: number;
  /** HTTP status; null when the connection broke. */
  status: number | null;
  /** `confirmed`, `processing`, an error code, or `none`. */
  result: string;
  tossCode: string | null;
}

/** The three values of a redirect from the payment window. */
export type ConfirmValues = Pick<
  ConfirmAnswer,
  "orderId" | "paymentKey" | "amount"
>;

const placedSchema = z.object({
  orderId: z.string(),
  amount: z.number().int(),
  /** Absent for an order that no page asked for: it is the window's. */
  clientKey: z.string().optional(),
});

const answerSchema = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  tossCode: z.string().optional(),
});

async function checkOut(
  chaos: ChaosStack,
  body: Record<string, unknown>,
  buyer: User | null,
): Promise<PlacedOrder | null> {
  const answer = await fetch(`${chaos.stack.functionsUrl}/checkout`, {
    method: "POST",
    headers: {
      ...buyerHeaders(chaos, buyer?.accessToken),
      "content-type": "application/json",
    },
    // Everybody can be told, so that every notice is a promise to keep.
    body: JSON.stringify({
      ...body,
      customerEmail: "buyer@mail.test",
      customerMobilePhone: "01012345678",
    }),
  }).catch(() => null);
  const value = await answer?.json().catch(() => null);
  return answer?.status === 201 ? placedSchema.parse(value) : null;
}

async function buyPass(
  { stack }: ChaosStack,
  metadata: Record<string, string>,
  buyer: User | null,
): Promise<PlacedOrder> {
  const request = {
    planId: "chaos-pass",
    userId: buyer?.id ?? randomUUID(),
    requestId: randomUUID(),
    timeToLiveSeconds: 3600,
    mode: "test",
    metadata,
  };
  const rows = await stack.sql`
    select public.create_order(${stack.sql.json(request)}) as placed`;
  return placedSchema.parse(rows[0]?.placed);
}

/**
 * Places an order, again and again until it is answered, as a buyer would.
 *
 * `run` marks every order of the run, those included whose answer was lost;
 * `buyer` is who is signed in, null for a guest.
 * Throws when checkout does not work at all.
 */
export async function placeOrder(
  chaos: ChaosStack,
  plan: OrderPlan,
  run: string,
  buyer: User | null,
): Promise<PlacedOrder> {
  const metadata = { run };
  // A pass needs a signed-in buyer; signing in is not what is tried here.
  if (plan.goods === "chaos-pass") return await buyPass(chaos, metadata, buyer);
  const items = [{ productId: plan.goods, quantity: plan.quantity }];
  // Half of the buyers pay in the widget, whose merchant id is another one.
  const ui = plan.quantity % 2 === 0 ? "window" : "widget";
  let placed: PlacedOrder | null = null;
  const isPlaced = await waitUntil(async () => {
    placed = await checkOut(chaos, { items, metadata, ui }, buyer);
    return placed !== null;
  }, { timeoutMs: 10_000, intervalMs: 50 });
  if (!isPlaced || placed === null) throw new Error("checkout does not work");
  return placed;
}

async function read(answer: Response): Promise<[string, string | null]> {
  const location = answer.headers.get("location");
  if (location !== null) {
    const { searchParams } = new URL(location);
    const result = searchParams.get("code") ?? searchParams.get("status");
    return [result ?? "none", searchParams.get("tossCode")];
  }
  const parsed = answerSchema.safeParse(await answer.json().catch(() => null));
  if (!parsed.success) return ["none", null];
  const { status, code, tossCode } = parsed.data;
  return [code ?? status ?? "none", tossCode ?? null];
}

/** Confirms a payment as the page (POST) or the browser (GET) does. */
export async function confirm(
  { stack }: ChaosStack,
  values: ConfirmValues,
  method: "POST" | "GET",
): Promise<ConfirmAnswer> {
  const { orderId, paymentKey, amount } = values;
  const url = new URL(`${stack.functionsUrl}/confirm`);
  const query = { orderId, paymentKey, amount: String(amount) };
  if (method === "GET") url.search = `${new URLSearchParams(query)}`;
  const answer = await fetch(url, {
    method,
    redirect: "manual",
    ...(method === "GET" ? {} : {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ orderId, paymentKey, amount }),
    }),
  }).catch(() => null);
  const [result, tossCode] = answer ? await read(answer) : ["none", null];
  return { ...values, status: answer?.status ?? null, result, tossCode };
}
