import { z } from "zod";
import { endpointView } from "../../../../supabase/functions/_shared/database/webhook-endpoints.ts";
import { endpointRequest } from "../../../../supabase/functions/webhook-endpoints/request.ts";
import type { OperationDescription } from "../operation.ts";

/** `POST webhook-endpoints`. */
export const webhookEndpointOperations: readonly OperationDescription[] = [{
  function: "webhook-endpoints",
  method: "post",
  path: "",
  summary: "Say where events are sent",
  description:
    "`create` makes, the others change the addresses that get the shop's events. `secret` is shown once, by `create` and `rotate`; " +
    "after `rotate` the old one signs beside it for 24 hours. `test` sends `webhook.test`. See docs/events.md.",
  security: ["secretKey"],
  body: endpointRequest,
  answers: {
    200: {
      description: "The endpoint; after `rotate` with its new `secret`.",
      schema: z.object({
        ...endpointView.shape,
        secret: z.string().optional(),
      }),
    },
    201: {
      description: "The new endpoint and its `secret`.",
      schema: z.object({ ...endpointView.shape, secret: z.string() }),
    },
  },
  errors: ["unauthorized", "url_not_allowed", "endpoint_not_found"],
}];
