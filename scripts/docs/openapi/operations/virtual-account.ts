import { z } from "zod";
import { virtualAccountRequest } from "../../../../supabase/functions/virtual-account/request.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, money, processingOrder, time } from "./answers.ts";

/** `POST virtual-account`. */
export const virtualAccountOperations: readonly OperationDescription[] = [{
  function: "virtual-account",
  method: "post",
  path: "",
  summary: "Issue a virtual account",
  description:
    "Gives a pending order an account of its own to which the buyer transfers the money. Repeating it answers the " +
    "same account.",
  security: ["userToken", "publishableKey"],
  body: virtualAccountRequest,
  answers: {
    201: {
      description: "The order waits for the deposit.",
      schema: z.object({
        orderId: z.string(),
        paymentKey: z.string(),
        amount: money,
        virtualAccount: z.object({
          bankCode: z.string().nullable(),
          bankName: z.string().nullable(),
          accountNumber: z.string(),
          customerName: z.string().nullable(),
          dueDate: time.nullable(),
        }),
      }),
    },
    202: {
      description:
        "Toss's answer is not known yet. Ask again; no second account is issued.",
      schema: processingOrder,
      headers: ASK_AGAIN,
    },
  },
  errors: [
    "unauthorized",
    "order_not_found",
    "payment_already_confirmed",
    "operation_in_progress",
    "payment_expired",
    "payment_confirm_failed",
  ],
}];
