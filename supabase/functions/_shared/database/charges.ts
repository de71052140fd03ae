import { z } from "zod";
import type { Database } from "./client.ts";
import {
  type Claimed,
  type EndRequest,
  leased,
  type LeaseRequest,
  type TossKeys,
} from "./lease.ts";
import {
  type DunningPolicy,
  settledCharge,
  subscriptionView,
} from "./subscriptions.ts";

/** A leased charge: what its holder needs to send it or to find out what became of it. */
export const chargeOperation = z.object({
  ...leased,
  kind: z.literal("charge"),
  chargeId: z.string(),
  orderId: z.string(),
  orderName: z.string(),
  taxFreeAmount: z.number().int(),
  amount: z.number().int(),
  customerKey: z.string(),
  customerEmail: z.string().nullish(),
  billingMethodId: z.string(),
  /** The encrypted billing key; associated data is `billingMethodId`. Null when the charge is stopped. */
  keyId: z.string().nullable(),
  ciphertext: z.string().nullable(),
  /** Why and for how long it must not be sent any more: the method or the subscription is gone, it was paid, or nobody waits. */
  stopped: z.object({ code: z.string(), seconds: z.number() }).nullable(),
  /** An earlier try may have reached Toss, so Toss is asked before anything is sent. */
  isResolve: z.boolean(),
  /** After a restore: the orders of later attempts, of which Toss may know one as paid. */
  laterOrderIds: z.array(
    z.object({ attempt: z.number().int(), orderId: z.string() }),
  ),
});

/** One attempt at a charge. */
export type ChargeOperation = z.output<typeof chargeOperation>;

/** The database's code for a charge that nobody waits for any more, and that was never made. Not one of Toss's. */
export const CHARGE_TIMEOUT = "CHARGE_TIMEOUT";

/** Which charges are due. */
export interface DueChargesRequest {
  limit: number;
  /** Takes what is due at this time (ISO 8601) instead of now; null = now. */
  asOf: string | null;
  /** Only this subscription's. */
  subscriptionId?: string | undefined;
}

const claimed = z.object({
  charges: z.array(chargeOperation),
  refused: z.number().int(),
  ended: z.number().int(),
  remaining: z.number().int(),
});

/** Charges that nobody else sends while the lease lasts, and those that were declined without asking Toss. */
export interface ClaimedCharges extends Claimed<ChargeOperation> {
  /** Declined in the database, for want of a usable billing method. */
  refused: number;
  /** Subscriptions that ended instead, because their user is gone. */
  ended: number;
}

/** Takes due charges, each with its order and its intent; see the comment on `public.claim_due_charges`. */
export async function claimDueCharges(
  database: Database,
  request: DueChargesRequest & LeaseRequest & {
    /** Takes the subscription's declined charge before its time. */
    isRetry?: boolean;
    dunning: DunningPolicy;
  },
): Promise<ClaimedCharges> {
  const answer = await database.call(
    "claim_due_charges",
    { ...request },
    claimed,
  );
  return {
    items: answer.charges,
    refused: answer.refused,
    ended: answer.ended,
    remaining: answer.remaining,
  };
}

/** A charge that would be made now. */
export const dueCharge = z.object({
  subscriptionId: z.string(),
  userId: z.string(),
  planId: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  periodStart: z.string(),
  periodEnd: z.string(),
  attempt: z.number().int(),
  missedPeriods: z.number().int(),
});

const preview = z.object({
  charges: z.array(dueCharge),
  remaining: z.number().int(),
});

/** Says who would be charged what, and writes nothing. */
export function previewDueCharges(
  database: Database,
  request: DueChargesRequest,
): Promise<z.output<typeof preview>> {
  return database.call("preview_due_charges", { ...request }, preview);
}

const decline = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("declined"),
    chargeId: z.string(),
    nextAttemptAt: z.string().nullable(),
    /** The subscription has another method since, to which the charge is due as of this time. */
    dueAgainAt: z.string().nullish(),
    subscription: subscriptionView.nullish(),
  }),
  z.object({ outcome: z.literal("paid"), charge: settledCharge.nullish() }),
  z.object({ outcome: z.literal("unknown") }),
]);

/** Toss's proven refusal of a charge. */
export interface DeclineChargeRequest extends EndRequest {
  errorCode: string;
  errorMessage: string;
  declineClass: "soft" | "hard" | "limit";
  dunning: DunningPolicy;
  /** As of which time the refusal was learned (ISO 8601); null = now. */
  asOf: string | null;
}

/** Ends an attempt as declined and takes the subscription one step down; see `public.decline_charge`. */
export function declineCharge(
  database: Database,
  request: DeclineChargeRequest,
): Promise<z.output<typeof decline>> {
  return database.call("decline_charge", { ...request }, decline);
}

const skipped = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("resolve"), charge: chargeOperation }),
  z.object({ outcome: z.literal("unknown") }),
]);

/** Goes on to a later attempt of a charge, whose order Toss knows as paid; see `public.skip_charge_attempts`. */
export function skipChargeAttempts(
  database: Database,
  request: EndRequest & { leaseSeconds: number; attempt: number },
): Promise<z.output<typeof skipped>> {
  return database.call("skip_charge_attempts", { ...request }, skipped);
}

const adopted = z.object({ outcome: z.enum(["adopted", "kept"]) });

/** Gives a charge's order to the key pair that made its payment; see the comment on `public.adopt_toss_keys`. */
export function adoptChargeKeys(
  database: Database,
  request: EndRequest & {
    leaseSeconds: number;
    tossKeys: TossKeys;
    tossClientKey: string | null;
  },
): Promise<z.output<typeof adopted>> {
  return database.call("adopt_toss_keys", { ...request }, adopted);
}
