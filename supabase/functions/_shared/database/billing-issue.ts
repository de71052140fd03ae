import { z } from "zod";
import { chargeOperation } from "./charges.ts";
import type { Database } from "./client.ts";
import {
  type EndRequest,
  leased,
  type LeaseRequest,
  type RefusalRequest,
  type TossKeys,
} from "./lease.ts";
import {
  planClaim,
  planTerms,
  subscriptionView,
  tooManyAttempts,
} from "./subscriptions.ts";

/** A leased issue of a billing key. */
export const billingIssueOperation = z.object({
  ...leased,
  kind: z.literal("billing_issue"),
  customerKey: z.string(),
  /** The encrypted authKey; associated data is `operationId`. */
  keyId: z.string(),
  ciphertext: z.string(),
});

/** A registration whose authKey Toss is to exchange for a billing key. */
export type BillingIssueOperation = z.output<typeof billingIssueOperation>;

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
    /** What is to be registered; an account pays 200 won at least. */
    method: BillingMethodKind;
    mode: "test" | "live";
  },
): Promise<z.output<typeof prepared>> {
  return database.call("prepare_billing", { ...request }, prepared);
}

const billingMethodKind = z.enum(["CARD", "TRANSFER"]);

/** A card, or a bank account (계좌이체). */
export type BillingMethodKind = z.output<typeof billingMethodKind>;

/** A billing method as SQL shows it to its user. */
export const billingMethodView = z.object({
  id: z.string(),
  method: billingMethodKind,
  cardIssuerCode: z.string().nullable(),
  cardNumberMasked: z.string().nullable(),
  cardType: z.string().nullable(),
  bankName: z.string().nullable(),
  accountNumberMasked: z.string().nullable(),
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
  /** With which pair the window was opened; the key that comes stays with it. */
  tossKeys: TossKeys;
  tossClientKey: string;
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
export interface FinishBillingIssueRequest extends EndRequest, LeaseRequest {
  /** Made by the caller: the ciphertext is bound to it. */
  billingMethodId: string;
  keyDigest: string;
  keyId: string;
  ciphertext: string;
  method: BillingMethodKind;
  cardIssuerCode: string | null;
  cardNumberMasked: string | null;
  cardType: string | null;
  bankName: string | null;
  accountNumberMasked: string | null;
  /** For the charge that may follow. */
  chargeLeaseToken: string;
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
  request: RefusalRequest,
): Promise<z.output<typeof rejected>> {
  return database.call("reject_billing_issue", { ...request }, rejected);
}
