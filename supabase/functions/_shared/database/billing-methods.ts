import { z } from "zod";
import type { PaymentSource } from "./apply-payment.ts";
import {
  billingDeleteOperation,
  billingIssueOperation,
  chargeOperation,
} from "./billing-operation.ts";
import type { Database } from "./client.ts";
import type { LeaseRequest } from "./leased-operation.ts";
import {
  planClaim,
  planTerms,
  subscriptionView,
  tooManyAttempts,
} from "./subscription-view.ts";

const prepared = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("prepared"),
    customerKey: z.string(),
    /** What the plan costs now, for {@link beginBillingIssue} to compare. */
    planTerms: z.string().nullable(),
  }),
  z.object({ outcome: z.literal("plan_not_found") }),
  z.object({ outcome: z.literal("plan_not_billable") }),
  planClaim.extend({ outcome: z.literal("already_subscribed") }),
  z.object({ outcome: z.literal("user_deleted") }),
]);

/** Makes the user's customerKey and checks the plan before a card is asked for. */
export function prepareBilling(
  database: Database,
  request: {
    userId: string;
    planId?: string | undefined;
    mode: "test" | "live";
  },
): Promise<z.output<typeof prepared>> {
  return database.call("prepare_billing", { ...request }, prepared);
}

/** A billing method as SQL shows it to its user. */
export const billingMethodView = z.object({
  id: z.string(),
  method: z.string(),
  cardIssuerCode: z.string().nullable(),
  cardNumberMasked: z.string().nullable(),
  cardType: z.string().nullable(),
});

/** What the user may see of a billing method. */
export type BillingMethodView = z.output<typeof billingMethodView>;

const issued = {
  billingMethod: billingMethodView,
  subscription: subscriptionView.nullable(),
  /** How the subscription stands that the method was registered for; null without a plan. */
  planOutcome: z.enum([
    "subscribed",
    "processing",
    "declined",
    "already_subscribed",
    "plan_changed",
  ]).nullable(),
  /** Toss's code when the first charge was declined. */
  errorCode: z.string().nullable(),
  /** What keeps the user from the plan, when that is the outcome and still so. */
  claim: planClaim.nullish(),
  /** What the plan costs now, when it was changed meanwhile. */
  plan: planTerms.nullish(),
};

const issuedAnswer = z.object(issued);

/** A registration that brought a billing key. */
export type IssuedAnswer = z.output<typeof issuedAnswer>;

const begun = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("proceed"), operation: billingIssueOperation }),
  z.object({ outcome: z.literal("resolve"), operation: billingIssueOperation }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("issued"), ...issued }),
  z.object({ outcome: z.literal("rejected"), errorCode: z.string() }),
  z.object({ outcome: z.literal("customer_key_mismatch") }),
  z.object({ outcome: z.literal("plan_not_found") }),
  z.object({ outcome: z.literal("plan_not_billable") }),
  planClaim.extend({ outcome: z.literal("already_subscribed") }),
  z.object({ outcome: z.literal("plan_changed"), plan: planTerms }),
  z.object({ outcome: z.literal("user_deleted") }),
  tooManyAttempts,
]);

/** What `begin_billing_issue` answers. */
export type BeginBillingIssueAnswer = z.output<typeof begun>;

/** The values of the redirect; the authKey as digest and ciphertext only. */
export interface BeginBillingIssueRequest extends LeaseRequest {
  /** Made by the caller: the ciphertext is bound to it. */
  operationId: string;
  userId: string;
  customerKey: string;
  authKeyDigest: string;
  keyId: string;
  ciphertext: string;
  planId?: string | undefined;
  /** The plan's terms as the signed state has them; without a state those of the last prepare count. */
  shownTerms?: string | undefined;
  /** As in `BeginConfirmationRequest`. */
  caller: string | null;
  mode: "test" | "live";
  requestId: string;
}

/** Decides what a registration may do; a repeat of the same authKey gets the first one's result. */
export function beginBillingIssue(
  database: Database,
  request: BeginBillingIssueRequest,
): Promise<BeginBillingIssueAnswer> {
  return database.call("begin_billing_issue", { ...request }, begun);
}

const finished = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("issued"),
    ...issued,
    /** The first period's charge, leased for the caller to send now. */
    charge: chargeOperation.nullish(),
    /** Subscriptions whose declined charge waits for this method. */
    debts: z.array(z.string()).default([]),
  }),
  z.object({
    outcome: z.literal("rejected"),
    errorCode: z.string(),
    /** A method of ours has the key, so that it must not be deleted at Toss. */
    isInUse: z.boolean(),
  }),
]);

/** What `finish_billing_issue` answers. */
export type FinishBillingIssueAnswer = z.output<typeof finished>;

/** An issued billing key, encrypted, and what the user may see of it. */
export interface FinishBillingIssueRequest {
  operationId: string;
  leaseToken: string;
  /** Made by the caller: the ciphertext is bound to it. */
  billingMethodId: string;
  keyDigest: string;
  keyId: string;
  ciphertext: string;
  method: string;
  cardIssuerCode: string | null;
  cardNumberMasked: string | null;
  cardType: string | null;
  /** For the charge that may follow. */
  chargeLeaseToken: string;
  leaseSeconds: number;
  mode: "test" | "live";
  source: PaymentSource;
  requestId: string;
}

/** Stores an issued billing key and begins what it was registered for. */
export function finishBillingIssue(
  database: Database,
  request: FinishBillingIssueRequest,
): Promise<FinishBillingIssueAnswer> {
  return database.call("finish_billing_issue", { ...request }, finished);
}

const rejected = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("rejected"), errorCode: z.string() }),
  z.object({ outcome: z.literal("issued"), ...issued }),
  z.object({ outcome: z.literal("unknown") }),
]);

/** Ends a registration that Toss refused or that nobody waits for any more, and wipes its authKey. */
export function rejectBillingIssue(
  database: Database,
  request: {
    operationId: string;
    leaseToken: string;
    errorCode: string;
    errorMessage: string;
    /** False when the fault was ours, so that the same authKey may be tried again. */
    isFinal: boolean;
    source: PaymentSource;
    requestId: string;
  },
): Promise<z.output<typeof rejected>> {
  return database.call("reject_billing_issue", { ...request }, rejected);
}

const deletion = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("proceed"),
    operation: billingDeleteOperation,
  }),
  z.object({
    outcome: z.literal("resolve"),
    operation: billingDeleteOperation,
  }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("deleted") }),
  z.object({ outcome: z.literal("method_not_found") }),
]);

/** Marks a billing method as deleted: from then on it is never charged. `userId` null = an operator asks. */
export function beginBillingDelete(
  database: Database,
  request: LeaseRequest & {
    billingMethodId: string;
    userId: string | null;
    requestId: string;
  },
): Promise<z.output<typeof deletion>> {
  return database.call("begin_billing_delete", { ...request }, deletion);
}

const deleted = z.object({ outcome: z.literal("deleted") });

/** Wipes the encrypted key after Toss has removed its own. */
export function finishBillingDelete(
  database: Database,
  request: {
    operationId: string;
    leaseToken: string;
    source: PaymentSource;
    requestId: string;
  },
): Promise<z.output<typeof deleted>> {
  return database.call("finish_billing_delete", { ...request }, deleted);
}
