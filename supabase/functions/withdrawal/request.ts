import { z } from "zod";
import {
  orderId,
  plainText,
  refundReceiveAccount,
  requestToken,
} from "../_shared/http/fields.ts";

/** Longer than a form's line, shorter than a letter; nothing repeats it. */
const reason = plainText(500);

/** The body of `POST withdrawal` from a buyer, or from the shop for a buyer who has no account. */
export const withdrawalRequest = z.strictObject({
  orderId,
  reason,
  requestId: requestToken,
});

/** The bodies of `POST withdrawal` that only the shop sends. */
export const shopsRequest = z.discriminatedUnion("action", [
  z.strictObject({
    action: z.literal("accept"),
    withdrawalId: z.uuid(),
    reason: reason.optional(),
    /** Won; absent = everything left. */
    cancelAmount: z.number().int().positive().max(Number.MAX_SAFE_INTEGER)
      .optional(),
    refundReceiveAccount: refundReceiveAccount.optional(),
  }),
  z.strictObject({
    action: z.literal("refuse"),
    withdrawalId: z.uuid(),
    reason: reason.optional(),
  }),
  z.strictObject({
    action: z.literal("mark_used"),
    orderId,
    /** Absent = every line of the order. */
    productId: plainText(64).optional(),
  }),
]);

/** A {@link shopsRequest}. */
export type ShopsRequest = z.output<typeof shopsRequest>;
