import { z } from "zod";
import type { Database } from "./client.ts";

/** A request for consent as its subscriber is shown it. */
export const consentView = z.object({
  consentId: z.string(),
  kind: z.enum(["trial_conversion", "price_rise"]),
  planId: z.string(),
  planName: z.string(),
  /** Price of a period before, in won; 0 of a trial. */
  amountBefore: z.number().int(),
  /** Price of a period from `effectiveAt` on. */
  amountAfter: z.number().int(),
  currency: z.string(),
  effectiveAt: z.string(),
  interval: z.string(),
  intervalCount: z.number().int(),
  /** CARD or TRANSFER; null when none is registered that works. */
  method: z.string().nullable(),
  methodNumber: z.string().nullable(),
  /** given, refused, lapsed; null = open. */
  decision: z.string().nullable(),
  decidedAt: z.string().nullable(),
  /** Whether it ends without a yes; else the old price stays. */
  endsWithout: z.boolean(),
  /** Whether it can be decided now. */
  isOpen: z.boolean(),
  /** The link works once. */
  isLinkUsed: z.boolean(),
});

/** See {@link consentView}. */
export type ConsentView = z.output<typeof consentView>;

const read = z.object({ consent: consentView.nullable() });

/** What the link of a notice shows; null when there is no such request. */
export async function readConsent(
  database: Database,
  consentId: string,
): Promise<ConsentView | null> {
  return (await database.call("read_consent", { consentId }, read)).consent;
}

const answered = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("decided"), consent: consentView }),
  z.object({ outcome: z.literal("consent_not_open") }),
]);

/** Answers a request through the link of a notice; see `public.answer_consent_link`. */
export function answerConsentLink(
  database: Database,
  request: {
    consentId: string;
    action: "consent" | "decline_consent";
    /** Of the function's call, for the audit log. */
    requestId: string;
  },
): Promise<z.output<typeof answered>> {
  return database.call("answer_consent_link", { ...request }, answered);
}
