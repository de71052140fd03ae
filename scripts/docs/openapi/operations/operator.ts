import { story } from "../../../../supabase/functions/_shared/story/story.ts";
import { operatorRequest } from "../../../../supabase/functions/operator/request.ts";
import type { OperationDescription } from "../operation.ts";

/** `POST operator`. */
export const operatorOperations: readonly OperationDescription[] = [{
  function: "operator",
  method: "post",
  path: "",
  summary: "What the shop's own people ask",
  description:
    "`order` tells one order's story as `toss order --json` prints it: `id` is an orderId, a paymentKey, a " +
    "subscription's id or the shop's reference. Toss is asked anew; nothing is changed. See docs/operations.md.",
  security: ["secretKey"],
  body: operatorRequest,
  answers: {
    200: {
      description:
        "The story; `next` is the step to take, null when nothing is to be done.",
      schema: story,
    },
  },
  errors: ["unauthorized", "order_not_found"],
}];
