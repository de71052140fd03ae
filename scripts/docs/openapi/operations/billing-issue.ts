import { z } from "zod";
import {
  deleteRequest,
  issueQuery,
  issueRequest,
  prepareRequest,
} from "../../../../supabase/functions/billing-issue/request.ts";
import type { OperationDescription } from "../operation.ts";
import { ASK_AGAIN, issuedMethod, processing } from "./answers.ts";

const PLAN_ERRORS = ["plan_not_found", "already_subscribed"] as const;

/** `POST billing-issue/prepare`, `POST`, `GET` and `DELETE billing-issue`. */
export const billingIssueOperations: readonly OperationDescription[] = [{
  function: "billing-issue",
  method: "post",
  path: "/prepare",
  summary: "Prepare the registration of a card or an account",
  description:
    "What a page needs to open the registration window (the SDK's `requestBillingAuth`) for the signed-in user. The " +
    "plan is checked before a card is asked for. `method` says what is registered: `CARD` (default), or `TRANSFER` for " +
    "a bank account, which the contract with Toss must allow. `successUrl` carries a signed state that is good for half an hour.",
  security: ["userToken"],
  body: prepareRequest,
  answers: {
    200: {
      description: "The arguments of `requestBillingAuth`.",
      schema: z.object({
        method: z.enum(["CARD", "TRANSFER"]),
        customerKey: z.string(),
        clientKey: z.string(),
        successUrl: z.string(),
        failUrl: z.string(),
      }),
    },
  },
  errors: PLAN_ERRORS,
}, {
  function: "billing-issue",
  method: "post",
  path: "",
  summary: "Register a card or an account, and subscribe",
  description:
    "Turns the `authKey` of the registration window into a billing method. With `planId` it subscribes: the first " +
    "period is charged at once, or the trial begins. Repeating it answers the same and charges nothing twice. When " +
    "the first charge is declined, `payment_confirm_failed` names in `details` the method that is registered all the " +
    "same and the plan: `POST subscription` with the action `subscribe` tries again without a new registration. " +
    "A plan whose price, period or trial changed after `prepare` is `payment_amount_mismatch` with its terms of now in " +
    "`details`, and nothing is charged; `prepare` again shows them, and the same `authKey` is good.",
  security: ["userToken"],
  body: issueRequest,
  answers: {
    201: {
      description: "Registered; with `planId` also subscribed.",
      schema: issuedMethod,
    },
    202: {
      description:
        "Toss's answer is not known yet. Ask again; with `billingMethodId` the method is registered and its first charge open.",
      schema: processing.extend({ billingMethodId: z.string().optional() }),
      headers: ASK_AGAIN,
    },
  },
  errors: [
    ...PLAN_ERRORS,
    "customer_key_mismatch",
    "payment_amount_mismatch",
    "billing_issue_failed",
    "payment_confirm_failed",
    "too_many_attempts",
  ],
}, {
  function: "billing-issue",
  method: "get",
  path: "",
  summary: "Register on the success redirect",
  description:
    "The registration window's success URL. The signed `state` proves for whom; then it does what the POST does and " +
    "redirects: to the success page with `status`, `planId`, `billingMethodId` and `subscriptionId`, or to the fail " +
    "page with `code`, `message`, `action`, `planId`, where the card is registered all the same `billingMethodId`, " +
    "where Toss refused `tossCode`, and where the plan changed meanwhile `amount`. Never answers an error body for a refusal.",
  security: [],
  query: issueQuery.extend({ state: z.string() }),
  answers: {
    303: {
      description: "The browser goes on to the shop's page.",
      headers: { location: "The success or fail page of `APP_URL`" },
    },
  },
  errors: [],
}, {
  function: "billing-issue",
  method: "delete",
  path: "",
  summary: "Remove a billing method",
  description:
    "Takes an own billing method out of use at once and removes its key at Toss, later if Toss cannot do it now. " +
    "Repeating it answers the same.",
  security: ["userToken", "secretKey"],
  body: deleteRequest,
  answers: {
    200: {
      description: "It is never charged again.",
      schema: z.object({
        billingMethodId: z.string(),
        status: z.literal("deleted"),
      }),
    },
  },
  errors: ["billing_method_not_found"],
}];
