import { z } from "zod";
import { searchResult } from "../../../../supabase/functions/_shared/database/operator.ts";
import { story } from "../../../../supabase/functions/_shared/story/story.ts";
import { operatorRequest } from "../../../../supabase/functions/operator/request.ts";
import type { OperationDescription } from "../operation.ts";
import { money, time } from "./answers.ts";

/** `POST operator`. */
export const operatorOperations: readonly OperationDescription[] = [{
  function: "operator",
  method: "post",
  path: "",
  summary: "What the shop's own people ask",
  description:
    "`order` tells one order's story as `toss order --json` prints it: `id` is an orderId, a paymentKey, a " +
    "subscription's id or the shop's reference. Toss is asked anew; nothing is changed. `search` finds orders and " +
    "subscriptions by an id, a reference or an e-mail address. `replay_event` works a webhook of Toss off again, " +
    "`replay_delivery` sends an event to an endpoint again. `settle_difference` closes a difference of the " +
    "reconciliation that a person has dealt with. See docs/operator.md.",
  security: ["secretKey"],
  body: operatorRequest,
  answers: {
    200: {
      description:
        "The story, whose `next` is the step to take, null when nothing is to be done; what was found, the newest " +
        "first; how many were queued again; or how the difference is settled.",
      schema: z.union([
        story,
        z.object({
          results: z.array(
            searchResult.extend({ amount: money, createdAt: time }),
          ),
        }),
        z.object({ replayed: z.number().int() }),
        z.object({
          differenceId: z.string(),
          resolution: z.enum(["healed", "by_hand"]),
        }),
      ]),
    },
  },
  errors: ["unauthorized", "order_not_found", "difference_not_found"],
}];
