import { z } from "zod";
import { plainText as text } from "../_shared/http/fields.ts";

const MOST = { items: 100, metadata: 5 } as const;

const item = z.strictObject({
  productId: text(64),
  quantity: z.number().int().min(1).max(9999),
});

const TOO_MANY = `at most ${MOST.metadata} entries`;

/** The body of `POST checkout`: a cart, or a one-time pass for a plan. */
export const checkoutRequest = z.strictObject({
  items: z.array(item).max(MOST.items).optional(),
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
  ).refine((value) => Object.keys(value).length <= MOST.metadata, TOO_MANY)
    .optional(),
}).refine(
  ({ items, planId }) => items === undefined || planId === undefined,
  { path: ["planId"], message: "send either items or planId, not both" },
).refine(
  ({ items, planId }) => items !== undefined || planId !== undefined,
  { path: ["items"], message: "required, unless planId is sent" },
);

/** {@link checkoutRequest}, with what is too long refused before its parts are looked at one by one. */
export const boundedCheckoutRequest = z.unknown().superRefine(
  (body, context) => {
    for (const [name, most] of Object.entries(MOST)) {
      const value: unknown = Object(body)[name];
      if (Object.keys(Object(value)).length <= most) continue;
      context.addIssue({
        code: "custom",
        path: [name],
        message: `at most ${most} entries`,
      });
    }
  },
).pipe(checkoutRequest);
