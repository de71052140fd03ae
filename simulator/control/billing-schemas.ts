import { z } from "zod";
import { authorizationSchema } from "../billing/authorize-card.ts";
import { accountAuthorizationSchema } from "../billing/authorize-account.ts";
import { keySelectorShape } from "../billing/key-selector.ts";
import { declineCodeSchema, declineCountSchema } from "./schemas.ts";

/** A card that is authenticated without a window. */
export const authorizeCardSchema = authorizationSchema.safeExtend({
  /** Default: the first client key. */
  clientKey: z.string().optional(),
});

/** `authorizeCardSchema` as callers give it. */
export type AuthorizeCardInput = z.input<typeof authorizeCardSchema>;

/** An account that is authenticated without a window. */
export const authorizeAccountSchema = accountAuthorizationSchema.safeExtend({
  /** Default: the first client key. */
  clientKey: z.string().optional(),
});

/** `authorizeAccountSchema` as callers give it. */
export type AuthorizeAccountInput = z.input<typeof authorizeAccountSchema>;

/** Billing keys whose next charges are declined; without a selector, all. */
export const chargeDeclineSchema = z.strictObject({
  ...keySelectorShape,
  code: declineCodeSchema,
  count: declineCountSchema,
});

/** `chargeDeclineSchema` as callers give it. */
export type ChargeDeclineInput = z.input<typeof chargeDeclineSchema>;

/** Billing keys that end on Toss's side, and why. */
export const removeKeysSchema = z.strictObject({
  ...keySelectorShape,
  reason: z.string().max(200).nullable().default(null),
}).refine(
  ({ billingKey, keyDigest, customerKey }) =>
    [billingKey, keyDigest, customerKey].some((name) => name !== undefined),
  "billingKey, keyDigest or customerKey is needed",
);

/** `removeKeysSchema` as callers give it. */
export type RemoveKeysInput = z.input<typeof removeKeysSchema>;
