import { z } from "zod";
import type { Database } from "./client.ts";
import { type TossKeys, tossKeys } from "./lease.ts";

const order = {
  orderId: z.string(),
  orderName: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  taxFreeAmount: z.number().int(),
  status: z.string(),
  customerKey: z.string().nullable(),
  /** With which pair it is to be paid. */
  tossKeys,
  expiresAt: z.string(),
};

/** What the catalogue in use may say about its refusal; the shop's own may leave out all of it. */
const refused = {
  productId: z.string().optional().catch(undefined),
  message: z.string().max(500).optional().catch(undefined),
};

const answer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("created"), ...order }),
  z.object({ outcome: z.literal("known"), ...order }),
  z.object({ outcome: z.literal("reference_conflict"), orderId: z.string() }),
  z.object({ outcome: z.literal("product_not_found"), ...refused }),
  z.object({ outcome: z.literal("cart_empty"), ...refused }),
  z.object({ outcome: z.literal("invalid_request"), ...refused }),
  z.object({ outcome: z.literal("catalogue_failed"), problem: z.string() }),
  z.object({
    outcome: z.literal("tax_free_out_of_range"),
    taxFreeAmount: z.string(),
  }),
  z.object({ outcome: z.literal("plan_not_found") }),
  z.object({
    outcome: z.literal("insufficient_stock"),
    ...refused,
    available: z.number().int().optional().catch(undefined),
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

/** A line that the shop's own server has priced, KRW. */
export interface OrderLine {
  productId?: string | undefined;
  name: string;
  unitPrice: number;
  quantity: number;
  taxFree?: boolean | undefined;
}

/** What is added to the lines or taken off them, KRW. */
export interface OrderAdjustment {
  kind: "shipping" | "discount" | "coupon" | "points" | "other";
  name: string;
  amount: number;
  taxFree?: boolean | undefined;
}

/** A cart of items, lines with their prices, or a one-time pass; exactly one of `items`, `lines` and `planId`. */
export interface CreateOrderRequest {
  /** Same id, same order: the network may deliver a request twice. */
  requestId: string;
  logRequestId: string;
  userId: string | null;
  items?: { productId: string; quantity: number }[] | undefined;
  lines?: OrderLine[] | undefined;
  adjustments?: OrderAdjustment[] | undefined;
  planId?: string | undefined;
  /** The shop's own id of the order: one order a reference. */
  reference?: string | undefined;
  orderName?: string | undefined;
  customerEmail?: string | undefined;
  customerMobilePhone?: string | undefined;
  customerName?: string | undefined;
  metadata?: Record<string, string> | undefined;
  timeToLiveSeconds: number;
  /** With which pair it is to be paid; a reference that is known keeps its own. */
  tossKeys: TossKeys;
  tossClientKey: string;
  mode: "test" | "live";
}

/** Prices a cart in SQL and reserves its stock; see the comment on `public.create_order`. */
export function createOrder(
  database: Database,
  request: CreateOrderRequest,
): Promise<CreateOrderAnswer> {
  return database.call("create_order", { ...request }, answer);
}
