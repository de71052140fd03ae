import { z } from "zod";
import { plainText } from "../_shared/http/fields.ts";

/** The body of `POST operator`. */
export const operatorRequest = z.discriminatedUnion("action", [
  z.strictObject({
    /** One order's story. */
    action: z.literal("order"),
    /** orderId, paymentKey, a subscription's id, the shop's reference, or the id of a row about one. */
    id: plainText(200),
  }),
]);
