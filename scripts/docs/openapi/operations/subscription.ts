import { z } from "zod";
import { subscriptionPreview } from "../../../../supabase/functions/_shared/database/change-subscription.ts";
import { subscriptionView } from "../../../../supabase/functions/_shared/database/subscriptions.ts";
import {
  consentLinkQuery,
  consentLinkRequest,
  subscriptionRequest,
} from "../../../../supabase/functions/subscription/request.ts";
import { consentView } from "../../../../supabase/functions/_shared/database/consents.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, issuedMethod, processing } from "./answers.ts";

/** What a request says in one language, and its two buttons. */
const consentText = z.object({
  title: z.string(),
  lead: z.string(),
  rows: z.array(z.object({ label: z.string(), value: z.string().nullable() })),
  closing: z.array(z.string()),
  give: z.string(),
  refuse: z.string(),
});

const shownConsent = consentView.omit({ isLinkUsed: true }).extend({
  text: z.object({ ko: consentText, en: consentText }),
});

/** `POST subscription`. */
export const subscriptionOperations: readonly OperationDescription[] = [{
  function: "subscription",
  method: "post",
  path: "",
  summary: "Change a subscription",
  description:
    "A user changes an own subscription, the shop any. `cancel_at_period_end` and `resume` take and give back " +
    "notice; `cancel_now` ends it, with `refund` `prorated`, which is the shop's alone, for the money of the rest of " +
    "the period; `change_plan` needs `planId`, `change_method` `billingMethodId`; `retry_payment` charges what was " +
    "declined; `consent` and `decline_consent` need `consentId` and answer a request for consent. What a status does not allow is `invalid_request`. `subscribe` makes a subscription with a card that is " +
    "registered already, without `subscriptionId`: the next try after a first charge that was declined. A plan " +
    "that changed since `billing-issue/prepare` showed it to the user is `payment_amount_mismatch` with its terms of now. " +
    "`preview` true shows what any of them would do, as if Toss approved the charge, and does nothing: show it before you ask.",
  security: ["userToken", "secretKey"],
  body: subscriptionRequest,
  answers: {
    200: {
      description:
        "The subscription; with `preview` what it would become, what would be charged and given back at once, and what follows.",
      schema: z.union([
        subscriptionView,
        subscriptionPreview.extend({ preview: z.literal(true) }),
      ]),
    },
    201: {
      description:
        "`subscribe`: the subscription lives; its first period is paid or its trial has begun.",
      schema: issuedMethod,
    },
    202: {
      description:
        "Toss's answer to the charge or refund is not known yet. Ask again; nothing is charged or refunded twice.",
      schema: processing.extend({
        subscriptionId: z.string().optional(),
        billingMethodId: z.string().optional(),
      }),
      headers: ASK_AGAIN,
    },
  },
  errors: [
    "unauthorized",
    "forbidden",
    "subscription_not_found",
    "plan_not_found",
    "billing_method_not_found",
    "already_subscribed",
    "consent_not_open",
    "operation_in_progress",
    "payment_amount_mismatch",
    "payment_confirm_failed",
    "cancel_failed",
    "cancel_amount_exceeds_balance",
    "too_many_attempts",
  ],
}, {
  function: "subscription",
  method: "get",
  path: "/consent",
  summary: "Show a request for consent",
  description:
    "What the link of a notice asks: the date, both prices, the payment method, what each answer does. Changes nothing, " +
    "because mail scanners open links. A token that is none of ours is `consent_not_open`.",
  security: [],
  query: consentLinkQuery,
  answers: {
    200: { description: "The request.", schema: shownConsent },
  },
  errors: ["consent_not_open"],
}, {
  function: "subscription",
  method: "post",
  path: "/consent",
  summary: "Answer a request for consent by link",
  description:
    "Says yes (`consent`) or no (`decline_consent`) for whoever has the link of a notice. It works once, until the date; " +
    "afterwards, and for a request that was replaced, it is `consent_not_open`. Signed in, the answer can still be changed.",
  security: [],
  body: consentLinkRequest,
  answers: {
    200: { description: "The request, decided.", schema: shownConsent },
  },
  errors: ["consent_not_open"],
}];
