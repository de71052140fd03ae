import { z } from "zod";
import {
  mobilePhone,
  plainText as text,
  withdrawalRule,
} from "../_shared/http/fields.ts";

const MOST = { items: 100, lines: 100, adjustments: 100, metadata: 5 } as const;

const item = z.strictObject({
  productId: text(64),
  quantity: z.number().int().min(1).max(9999),
});

/** JSON's whole numbers, in won. */
const price = z.number().int().min(0);

const line = z.strictObject({
  name: text(100),
  unitPrice: price,
  quantity: z.number().int().min(1).max(9999),
  taxFree: z.boolean().optional(),
  withdrawal: withdrawalRule.optional(),
});

const adjustment = z.strictObject({
  kind: z.enum(["shipping", "discount", "coupon", "points", "other"]),
  name: text(100),
  amount: z.number().int(),
  taxFree: z.boolean().optional(),
}).refine(
  ({ kind, amount }) => amount < 0 || kind === "shipping" || kind === "other",
  { path: ["amount"], message: "must be negative: it is taken off" },
);

const TOO_MANY = `at most ${MOST.metadata} entries`;

const buyer = {
  // Where the buyer pays; it decides which of the shop's key pairs the order uses.
  ui: z.enum(["widget", "window"]).optional(),
  customerEmail: z.email().max(100).optional(),
  customerMobilePhone: mobilePhone.optional(),
  customerName: text(100).optional(),
  // Toss's own limits of metadata (Toss: core API reference).
  metadata: z.record(
    text(40).regex(/^[^[\]]+$/),
    z.union(
      [z.literal(""), text(2000)],
      "must be plain text of at most 2000 characters",
    ),
  ).refine((value) => Object.keys(value).length <= MOST.metadata, TOO_MANY)
    .optional(),
};

/** The body of `POST checkout`: a cart, or a one-time pass for a plan. */
export const checkoutRequest = z.strictObject({
  items: z.array(item).max(MOST.items).optional(),
  planId: text(64).optional(),
  ...buyer,
}).refine(
  ({ items, planId }) => items === undefined || planId === undefined,
  { path: ["planId"], message: "send either items or planId, not both" },
).refine(
  ({ items, planId }) => items !== undefined || planId !== undefined,
  { path: ["items"], message: "required, unless planId is sent" },
);

/** The body that the shop's own server sends with the secret key: what is sold, at its prices. */
export const pricedCheckoutRequest = z.strictObject({
  lines: z.array(line).min(1).max(MOST.lines),
  adjustments: z.array(adjustment).max(MOST.adjustments).optional(),
  userId: z.uuid().optional(),
  reference: text(64).optional(),
  orderName: text(100).optional(),
  expiresInMinutes: z.number().int().min(1).max(60 * 24 * 7).optional(),
  ...buyer,
});

/** Refuses what is too long before its parts are looked at one by one. */
export function bounded<Schema extends z.ZodType>(schema: Schema) {
  return z.unknown().superRefine((body, context) => {
    for (const [name, most] of Object.entries(MOST)) {
      const value: unknown = Object(body)[name];
      if (Object.keys(Object(value)).length <= most) continue;
      context.addIssue({
        code: "custom",
        path: [name],
        message: `at most ${most} entries`,
      });
    }
  }).pipe(schema);
}
