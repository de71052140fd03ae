import { z } from "zod";
import { checkoutRequest } from "../../../../supabase/functions/checkout/request.ts";
import type { OperationDescription } from "../operation.ts";
import { money, time } from "./answers.ts";

/** `POST checkout`. */
export const checkoutOperations: readonly OperationDescription[] = [{
  function: "checkout",
  method: "post",
  path: "",
  summary: "Price a cart and open an order",
  description:
    "Prices the items on the server, reserves their stock and answers what the payment window needs. " +
    "A `planId` buys a one-time pass for that plan's period and needs a signed-in user.",
  security: ["userToken", "publishableKey"],
  body: checkoutRequest,
  answers: {
    201: {
      description: "The order waits for its payment.",
      schema: z.object({
        orderId: z.string(),
        orderName: z.string(),
        amount: money,
        currency: z.string(),
        customerKey: z.string(),
        clientKey: z.string(),
        successUrl: z.string().meta({ format: "uri" }),
        failUrl: z.string().meta({ format: "uri" }),
        expiresAt: time,
      }),
    },
  },
  errors: [
    "cart_empty",
    "unauthorized",
    "product_not_found",
    "plan_not_found",
    "insufficient_stock",
  ],
}];
