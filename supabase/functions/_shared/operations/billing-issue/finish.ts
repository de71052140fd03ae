import {
  type BillingIssueOperation,
  type BillingMethodView,
  finishBillingIssue,
  type IssuedAnswer,
  rejectBillingIssue,
} from "../../database/billing-issue.ts";
import type {
  PlanClaim,
  PlanTerms,
  SubscriptionView,
} from "../../database/subscriptions.ts";
import { sha256Hex } from "../../security/sha256.ts";
import type { TossBillingKey } from "../../toss/billing.ts";
import { performChargeNow } from "../charge/begin.ts";
import type { ChargeOutcome } from "../charge/finish.ts";
import { runCharges } from "../charge/run.ts";
import { heldBy, newLease, type OperationContext } from "../context.ts";
import { type NoProof, postpone } from "../no-proof.ts";
import { storedMethod } from "./billing-method.ts";

/** How the subscription stands that a method was registered for. */
export type PlanResult =
  | { kind: "subscribed" }
  | { kind: "processing" }
  | { kind: "declined"; code: string }
  | { kind: "already_subscribed"; claim: PlanClaim }
  /** Nothing was charged, because the plan's terms were others than those that were shown. */
  | { kind: "plan_changed"; terms: PlanTerms };

/** How a registration stands, for whoever asked. */
export type IssueOutcome =
  | {
    kind: "issued";
    billingMethod: BillingMethodView;
    subscription: SubscriptionView | null;
    /** Null without a plan. */
    plan: PlanResult | null;
  }
  /** Toss refused; `code` is its own code, or ours when nobody waits any more. */
  | { kind: "refused"; code: string; status?: number | undefined }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" };

/** One debt of a subscription is one charge. */
const CHARGES_PER_DEBT = 1;

/** Reads what the database says about a registration that brought its key. */
export function issuedOutcome(answer: IssuedAnswer): IssueOutcome {
  return {
    kind: "issued",
    billingMethod: answer.billingMethod,
    subscription: answer.subscription,
    plan: planResult(answer),
  };
}

function planResult(
  { planOutcome, errorCode, claim, plan }: IssuedAnswer,
): PlanResult | null {
  switch (planOutcome) {
    case "declined":
      return { kind: "declined", code: errorCode ?? "UNKNOWN" };
    case "already_subscribed":
      return { kind: "already_subscribed", claim: claim ?? {} };
    case "plan_changed":
      return plan ? { kind: "plan_changed", terms: plan } : null;
    case null:
      return null;
    default:
      return { kind: planOutcome };
  }
}

/**
 * Stores an issued billing key, encrypted and bound to its method, then charges what waits for it: the first
 * period of the plan it was registered for, and the debts of subscriptions that asked for another card.
 */
export async function storeBillingKey(
  context: OperationContext,
  operation: BillingIssueOperation,
  billing: TossBillingKey,
): Promise<IssueOutcome> {
  const { database, keyring } = context;
  const billingMethodId = crypto.randomUUID();
  const encrypted = await keyring.encrypt(billing.billingKey, billingMethodId);
  const charging = newLease(context);
  const answer = await finishBillingIssue(database, {
    ...charging,
    ...heldBy(context, operation),
    billingMethodId,
    keyDigest: sha256Hex(billing.billingKey),
    ...encrypted,
    ...storedMethod(billing),
    chargeLeaseToken: charging.leaseToken,
  });
  switch (answer.outcome) {
    case "rejected":
      // Given up meanwhile: a key that nobody stores is of no use to anyone. If this fails it still is.
      if (!answer.isInUse) {
        await context.toss.of(operation).deleteBillingKey(
          billing.billingKey,
        );
      }
      return { kind: "refused", code: answer.errorCode };
    case "issued":
      await chargeDebts(context, answer.debts);
      return answer.charge
        ? subscribed(
          answer.billingMethod,
          await performChargeNow(context, answer.charge),
        )
        : issuedOutcome(answer);
  }
}

function subscribed(
  billingMethod: BillingMethodView,
  outcome: ChargeOutcome,
): IssueOutcome {
  const plan: PlanResult = outcome.kind === "paid"
    ? { kind: "subscribed" }
    : outcome.kind === "declined"
    ? { kind: "declined", code: outcome.code }
    : { kind: "processing" };
  const subscription = outcome.kind === "paid" ? outcome.subscription : null;
  return { kind: "issued", billingMethod, subscription, plan };
}

/** A failure here is no failure of the registration: what is due is found by the next run. */
async function chargeDebts(
  context: OperationContext,
  subscriptionIds: readonly string[],
): Promise<void> {
  for (const subscriptionId of subscriptionIds) {
    try {
      await runCharges(context, {
        limit: CHARGES_PER_DEBT,
        asOf: null,
        subscriptionId,
        isRetry: true,
      });
    } catch (error) {
      context.logger.error("debt_not_charged", {
        subscriptionId,
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/** Ends a registration without a key. */
export async function refuseIssue(
  context: OperationContext,
  operation: BillingIssueOperation,
  refusal: {
    code: string;
    message: string;
    isFinal: boolean;
    status?: number;
  },
): Promise<IssueOutcome> {
  const answer = await rejectBillingIssue(context.database, {
    ...heldBy(context, operation),
    errorCode: refusal.code,
    errorMessage: refusal.message,
    isFinal: refusal.isFinal,
  });
  switch (answer.outcome) {
    case "rejected":
      return {
        kind: "refused",
        code: answer.errorCode,
        status: refusal.status,
      };
    case "issued":
      return issuedOutcome(answer);
    case "unknown":
      return { kind: "processing" };
  }
}

/** Leaves a registration open: nothing is concluded, the next attempt is set. */
export async function leaveIssueOpen(
  context: OperationContext,
  operation: BillingIssueOperation,
  proof: NoProof,
): Promise<IssueOutcome> {
  const answer = await postpone(context, operation, proof);
  return answer.outcome === "rejected"
    ? { kind: "refused", code: proof.code }
    : { kind: "processing" };
}
