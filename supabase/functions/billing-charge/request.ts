import { z } from "zod";
import { instant, plainText } from "../_shared/http/fields.ts";

/** Toss: card payments of at least 100 won (BELOW_MINIMUM_AMOUNT). */
const MINIMUM_AMOUNT = 100;

// Supabase allows a request 2 s of CPU; a charge takes 1 to 2 ms of it.
const DEFAULT_LIMIT = 300;
const MAXIMUM_LIMIT = 500;

const AD_HOC_FIELDS = ["userId", "amount", "orderName", "requestId"] as const;

/** The body of `POST billing-charge`: everything due, one subscription, or an ad hoc charge. */
export const chargeRequest = z.strictObject({
  subscriptionId: z.uuid().optional(),
  userId: z.uuid().optional(),
  amount: z.number().int().min(MINIMUM_AMOUNT).max(Number.MAX_SAFE_INTEGER)
    .optional(),
  orderName: plainText(100).optional(),
  requestId: plainText(100).optional(),
  limit: z.number().int().min(1).max(MAXIMUM_LIMIT).default(DEFAULT_LIMIT),
  dryRun: z.boolean().default(false),
  asOf: instant.optional(),
}).superRefine((body, context) => {
  const given = AD_HOC_FIELDS.filter((name) => body[name] !== undefined);
  if (given.length === 0) return;
  const missing = AD_HOC_FIELDS.filter((name) => body[name] === undefined);
  const unwanted = (["subscriptionId", "asOf"] as const)
    .filter((name) => body[name] !== undefined);
  const dryRun = body.dryRun ? ["dryRun"] : [];
  for (const name of missing) {
    context.addIssue({
      code: "custom",
      path: [name],
      message: "required for an ad hoc charge",
    });
  }
  for (const name of [...unwanted, ...dryRun]) {
    context.addIssue({
      code: "custom",
      path: [name],
      message: "does not go with an ad hoc charge",
    });
  }
});

/** Which charges to make, or to show. */
export type ChargeRequest = z.output<typeof chargeRequest>;
