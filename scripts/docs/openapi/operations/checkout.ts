import { z } from "zod";
import {
  checkoutRequest,
  pricedCheckoutRequest,
} from "../../../../supabase/functions/checkout/request.ts";
import type { OperationDescription } from "../operation.ts";
import { money, time } from "./answers.ts";

const opened = z.object({
  orderId: z.string(),
  orderName: z.string(),
  amount: money,
  currency: z.string(),
  taxFreeAmount: money,
  status: z.string().optional().describe(
    "There when the order does not wait for its payment: one of nothing, or a known one.",
  ),
  customerKey: z.string(),
  clientKey: z.string(),
  successUrl: z.string().meta({ format: "uri" }),
  failUrl: z.string().meta({ format: "uri" }),
  expiresAt: time,
});

/** `POST checkout`. */
export const checkoutOperations: readonly OperationDescription[] = [{
  function: "checkout",
  method: "post",
  path: "",
  summary: "Price a cart and open an order",
  description:
    "Prices the items on the server, reserves their stock and answers what the payment window needs. " +
    "A `planId` buys a one-time pass for that plan's period and needs a signed-in user. " +
    "With the secret key the shop's own server names lines, adjustments and their prices; a `reference` makes one order.",
  security: ["userToken", "publishableKey", "secretKey"],
  body: z.union([checkoutRequest, pricedCheckoutRequest]),
  answers: {
    201: {
      description:
        "The order waits for its payment; one of nothing is `paid` at once.",
      schema: opened,
    },
    200: {
      description: "The order that this `reference` stands for already.",
      schema: opened,
    },
  },
  errors: [
    "cart_empty",
    "unauthorized",
    "product_not_found",
    "plan_not_found",
    "insufficient_stock",
    "reference_conflict",
  ],
}];
