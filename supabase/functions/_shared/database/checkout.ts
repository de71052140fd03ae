import { z } from "zod";
import type { Database } from "./client.ts";

const created = z.object({
  outcome: z.literal("created"),
  orderId: z.string(),
  orderName: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  customerKey: z.string().nullable(),
  expiresAt: z.string(),
});

const answer = z.discriminatedUnion("outcome", [
  created,
  z.object({ outcome: z.literal("product_not_found"), productId: z.string() }),
  z.object({ outcome: z.literal("plan_not_found") }),
  z.object({
    outcome: z.literal("insufficient_stock"),
    productId: z.string(),
    available: z.number().int(),
  }),
  z.object({ outcome: z.literal("quantity_too_large") }),
  z.object({
    outcome: z.literal("currency_not_supported"),
    currency: z.string(),
  }),
  z.object({ outcome: z.literal("amount_out_of_range"), amount: z.string() }),
]);

/** What `create_order` answers. */
export type CreateOrderAnswer = z.output<typeof answer>;

/** A cart of items or a one-time pass; exactly one of `items` and `planId`. */
export interface CreateOrderRequest {
  /** Same id, same order: the network may deliver a request twice. */
  requestId: string;
  logRequestId: string;
  userId: string | null;
  items?: { productId: string; quantity: number }[] | undefined;
  planId?: string | undefined;
  customerEmail?: string | undefined;
  customerName?: string | undefined;
  metadata?: Record<string, string> | undefined;
  timeToLiveSeconds: number;
  mode: "test" | "live";
}

/** Prices a cart in SQL and reserves its stock; see the comment on `public.create_order`. */
export function createOrder(
  database: Database,
  request: CreateOrderRequest,
): Promise<CreateOrderAnswer> {
  return database.call("create_order", { ...request }, answer);
}
