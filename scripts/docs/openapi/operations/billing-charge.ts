import { z } from "zod";
import { dueCharge } from "../../../../supabase/functions/_shared/database/charges.ts";
import { chargeRequest } from "../../../../supabase/functions/billing-charge/request.ts";
import type { OperationDescription } from "../operation.ts";

const count = z.number().int();

/** `POST billing-charge`. */
export const billingChargeOperations: readonly OperationDescription[] = [{
  function: "billing-charge",
  method: "post",
  path: "",
  summary: "Charge what is due",
  description:
    "Charges a slice of everything that is due, one subscription (`subscriptionId`), or one amount outside any " +
    "subscription (`userId`, `amount`, `orderName`, `requestId`; a repeat of its `requestId` charges nothing more; " +
    "needs `AD_HOC_CHARGES=on`, else `forbidden`). " +
    "Called every minute by pg_cron. Safe to repeat, to overlap and to be cut. `dryRun` says what would be charged " +
    "and writes nothing; `asOf` works with test keys only.",
  security: ["cronSecret", "secretKey"],
  body: chargeRequest,
  answers: {
    200: {
      description:
        "What was done; `remaining` is what is due and was left, `unknown` what Toss has not answered yet.",
      schema: z.object({
        claimed: count,
        paid: count,
        declined: count,
        unknown: count,
        remaining: count,
        runId: z.string(),
        charge: z.object({
          chargeId: z.string(),
          orderId: z.string(),
          status: z.enum(["paid", "declined", "unknown"]),
          tossCode: z.string().optional(),
        }).optional().meta({ description: "For a charge by `userId`" }),
        charges: z.array(dueCharge).optional()
          .meta({ description: "For a `dryRun`" }),
      }),
    },
  },
  errors: ["unauthorized", "forbidden", "billing_method_not_found"],
}];
