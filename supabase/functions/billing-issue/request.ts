import { z } from "zod";
import { plainText } from "../_shared/http/fields.ts";

const planId = plainText(64);

// Toss: authKey ≤ 300 characters, customerKey ≤ 300.
const fromRedirect = {
  authKey: z.string().min(1).max(300)
    .regex(/^[\x21-\x7e]+$/, "must be what the registration window returned"),
  customerKey: plainText(300),
};

/** The body of `POST billing-issue/prepare`. */
export const prepareRequest = z.strictObject({
  planId: planId.optional(),
  /** What the window registers, as the SDK's `requestBillingAuth` names it. */
  method: z.enum(["CARD", "TRANSFER"]).default("CARD"),
});

/** The body of `POST billing-issue`: what the registration window handed to the success page. */
export const issueRequest = z.strictObject({
  ...fromRedirect,
  planId: planId.optional(),
});

/** The query of `GET billing-issue`. Toss may append parameters, so others are let through unread. */
export const issueQuery = z.object(fromRedirect);

/** The body of `DELETE billing-issue`. */
export const deleteRequest = z.strictObject({ billingMethodId: z.uuid() });
