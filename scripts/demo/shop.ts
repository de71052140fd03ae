import type { SupabaseClient } from "@supabase/supabase-js";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { buyerHeaders, signUp } from "../../stack/users.ts";

/** What checkout answered. */
export interface Order {
  orderId: string;
  orderName: string;
  amount: number;
  /** Opens the widget or the window for it. */
  clientKey: string;
  successUrl: string;
}

/** One answer of a function: its status and its JSON. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** The shop as its frontend sees it, and Toss as its buyers see it. */
export interface Shop {
  stack: Stack;
  toss: Simulator;
  /** A signed-in buyer's supabase-js client. */
  buyer: SupabaseClient;
  checkout(cart: Record<string, unknown>): Promise<Order>;
  /** The buyer authenticates in the payment window; the new paymentKey. */
  pay(order: Order): string;
  confirm(order: Order, paymentKey: string, amount?: number): Promise<Answer>;
  /** Calls a function as the signed-in buyer. */
  asBuyer(name: string, body: unknown): Promise<Answer>;
  /** Calls a function with the secret key. */
  asOperator(name: string, body: unknown): Promise<Answer>;
  /** Calls a function as pg_cron does. */
  asCron(name: string, body: unknown): Promise<Answer>;
  orderStatus(order: Order): Promise<string>;
  /** Waits until every webhook has been sent and processed. */
  settle(): Promise<void>;
}

async function post(
  { functionsUrl }: Stack,
  name: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<Answer> {
  const response = await fetch(`${functionsUrl}/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Opens the shop on a running stack and signs a buyer in. */
export async function openShop(stack: Stack): Promise<Shop> {
  const toss = stack.simulator;
  if (toss === null) throw new Error("the demo needs the simulator");
  const { client: buyer, accessToken } = await signUp({ stack });
  return {
    stack,
    toss,
    buyer,
    async checkout(cart) {
      const { data, error } = await buyer.functions.invoke<Order>("checkout", {
        body: cart,
      });
      if (error || data === null) throw new Error(`checkout: ${error}`);
      return data;
    },
    pay: ({ orderId, orderName, amount, clientKey }) =>
      toss.createPayment({ orderId, orderName, amount, clientKey }).paymentKey,
    confirm: ({ orderId, amount }, paymentKey, claimed = amount) =>
      post(stack, "confirm", {}, { orderId, paymentKey, amount: claimed }),
    asBuyer: (name, body) =>
      post(stack, name, buyerHeaders({ stack }, accessToken), body),
    asOperator: (name, body) =>
      post(stack, name, { apikey: stack.secretKey }, body),
    asCron: (name, body) =>
      post(
        stack,
        name,
        { authorization: `Bearer ${stack.cronSecret}` },
        body,
      ),
    async orderStatus({ orderId }) {
      const { data, error } = await buyer.from("orders").select("status")
        .eq("id", orderId).single();
      if (error) throw new Error(`orders: ${error.message}`);
      return String(data.status);
    },
    async settle() {
      await toss.settle();
      await stack.functionsSettled();
    },
  };
}
