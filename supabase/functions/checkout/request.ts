import { z } from "zod";
import { plainText as text } from "../_shared/http/fields.ts";

const item = z.strictObject({
  productId: text(64),
  quantity: z.number().int().min(1).max(9999),
});

/** The body of `POST checkout`: a cart, or a one-time pass for a plan. */
export const checkoutRequest = z.strictObject({
  items: z.array(item).max(100).optional(),
  planId: text(64).optional(),
  customerEmail: z.email().max(100).optional(),
  customerName: text(100).optional(),
  // Toss's own limits of metadata (Toss: core API reference).
  metadata: z.record(
    text(40).regex(/^[^[\]]+$/),
    z.union(
      [z.literal(""), text(2000)],
      "must be plain text of at most 2000 characters",
    ),
  ).refine((value) => Object.keys(value).length <= 5, "at most 5 entries")
    .optional(),
}).refine(
  ({ items, planId }) => items === undefined || planId === undefined,
  { path: ["planId"], message: "send either items or planId, not both" },
).refine(
  ({ items, planId }) => items !== undefined || planId !== undefined,
  { path: ["items"], message: "required, unless planId is sent" },
);
