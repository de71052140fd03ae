import type {
  FinishedWebhook,
  WebhookEvent,
} from "../../database/webhook-events.ts";
import type { OperationContext } from "../../operations/context.ts";

/** How one try to process an event ended. `failed` is tried again. */
export interface Verdict {
  status: "processed" | "ignored" | "failed";
  /** For people, without secrets; null when all went well. */
  reason: string | null;
  /** What proved the event, when something did. */
  verifiedBy: string | null;
  /** For `failed`: after how many tries it is given up. */
  maximumAttempts?: number;
  /**
   * Set when Toss was asked for the secret of a deposit: its SHA-256, or null when there is none. It settles every
   * other deposit callback of the order that waits.
   */
  answerSecretDigest?: string | null;
  /** Set when the event was ended together with what it led to; nothing is left to record. */
  finished?: FinishedWebhook | undefined;
}

/** Processes a leased event of one kind. Safe to be repeated. Throws DatabaseError. */
export type Judge = (
  context: OperationContext,
  event: WebhookEvent,
) => Promise<Verdict>;

/** The event had its effect, or had had it before. */
export function processed(verifiedBy: string | null): Verdict {
  return { status: "processed", reason: null, verifiedBy };
}

/** The event means nothing here; the reason stands in its row and is counted in `webhook_summary`. */
export function ignored(reason: string): Verdict {
  return { status: "ignored", reason, verifiedBy: null };
}

/** Nobody knows yet; the worker tries again. */
export function failed(reason: string): Verdict {
  return { status: "failed", reason, verifiedBy: null };
}

/** Why a report that nothing proves is not handed on: nobody could tell an invented one from a true one. */
export const NOBODY_PROVES_IT = "nothing proves who sent it";
