import { z } from "zod";
import { SUBSCRIPTION_ACTIONS } from "../_shared/database/change-subscription.ts";
import { plainText } from "../_shared/http/fields.ts";

const FIELD_OF: Partial<Record<typeof SUBSCRIPTION_ACTIONS[number], string>> = {
  change_plan: "planId",
  change_method: "billingMethodId",
  consent: "consentId",
  decline_consent: "consentId",
};

const planId = plainText(64);
const billingMethodId = z.uuid();
/** Shows what the request would do, and does nothing. */
const preview = z.boolean().optional();

const changeRequest = z.strictObject({
  subscriptionId: z.uuid(),
  action: z.enum(SUBSCRIPTION_ACTIONS),
  planId: planId.optional(),
  billingMethodId: billingMethodId.optional(),
  consentId: z.uuid().optional(),
  /** Whether `cancel_now` gives the money for the rest of the period back. */
  refund: z.enum(["none", "prorated"]).optional(),
  preview,
}).superRefine((body, context) => {
  const wanted = FIELD_OF[body.action];
  for (const name of ["planId", "billingMethodId", "consentId"] as const) {
    const isGiven = body[name] !== undefined;
    if (isGiven === (name === wanted)) continue;
    context.addIssue({
      code: "custom",
      path: [name],
      message: isGiven
        ? `does not go with ${body.action}`
        : `required for ${body.action}`,
    });
  }
  if (body.refund !== undefined && body.action !== "cancel_now") {
    context.addIssue({
      code: "custom",
      path: ["refund"],
      message: `does not go with ${body.action}`,
    });
  }
});

const subscribeRequest = z.strictObject({
  action: z.literal("subscribe"),
  planId,
  billingMethodId,
  preview,
});

/** A {@link subscriptionRequest} that makes a subscription. */
export type SubscribeRequest = z.output<typeof subscribeRequest>;

/** The body of `POST subscription`: a change of one, or a new one with a card that is registered already. */
export const subscriptionRequest = z.discriminatedUnion("action", [
  changeRequest,
  subscribeRequest,
]);

/** What is asked of `POST subscription`. */
export type SubscriptionRequest = z.output<typeof subscriptionRequest>;

const token = z.string().min(1).max(200);

/** The query of `GET subscription/consent`. Mail programs may append parameters, so others are let through unread. */
export const consentLinkQuery = z.object({ token });

/** The body of `POST subscription/consent`. */
export const consentLinkRequest = z.strictObject({
  token,
  action: z.enum(["consent", "decline_consent"]),
});
