import {
  confirmQuery,
  confirmRequest,
} from "../../../../supabase/functions/confirm/request.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, payment, processingOrder } from "./answers.ts";

const ERRORS = [
  "order_not_found",
  "payment_not_found",
  "payment_amount_mismatch",
  "payment_already_confirmed",
  "operation_in_progress",
  "payment_expired",
  "payment_confirm_failed",
  "too_many_attempts",
] as const;

/** `POST confirm` and `GET confirm`. */
export const confirmOperations: readonly OperationDescription[] = [{
  function: "confirm",
  method: "post",
  path: "",
  summary: "Confirm a payment",
  description:
    "Approves what the buyer authenticated in the payment window. The three values are the proof; an amount that " +
    "differs from the order's is refused before Toss is asked. Repeating it answers the same.",
  security: [],
  body: confirmRequest,
  answers: {
    200: {
      description: "Approved, or waiting for the deposit.",
      schema: payment,
    },
    202: {
      description:
        "Toss's answer is not known yet. Ask again after `retry-after` seconds; nothing is charged twice.",
      schema: processingOrder,
      headers: ASK_AGAIN,
    },
  },
  errors: ERRORS,
}, {
  function: "confirm",
  method: "get",
  path: "",
  summary: "Confirm on the success redirect",
  description:
    "The payment window's success URL. Confirms, then redirects: to the success page with `orderId` and `status`, or " +
    "to the fail page with `code`, `message`, `action`, `orderId` and, where Toss refused, `tossCode`. Never answers " +
    "an error body for a refusal.",
  security: [],
  query: confirmQuery,
  answers: {
    303: {
      description: "The browser goes on to the shop's page.",
      headers: { location: "The success or fail page of `APP_URL`" },
    },
  },
  errors: [],
}];
