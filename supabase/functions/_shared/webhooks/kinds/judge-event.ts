import {
  applyBillingKeyEvent,
  type BillingKeyChange,
  recordWebhookEvent,
} from "../../database/webhook-events.ts";
import { describeEvent, type EventKind } from "../events.ts";
import { askToss, judgeByAnswer } from "./ask-toss.ts";
import { judgeDeposit } from "./deposit.ts";
import { ignored, type Judge, NOBODY_PROVES_IT, processed } from "./verdict.ts";

/**
 * A payment or one of its cancels has changed: Toss is asked, and its answer alone is applied.
 *
 * The cancel of an asynchronous payment method has found its payment by its transactionKey when it was stored.
 */
const judgePayment: Judge = async (context, event) => {
  const asked = await askToss(context, event);
  if (asked.payment === null) return asked.verdict;
  return await judgeByAnswer(context, event, {
    payment: asked.payment,
    verifiedBy: "re-query",
  });
};

/**
 * A billing key was issued or removed at Toss. A removed one ends its billing method here, and subscriptions that
 * are charged to it ask for another.
 *
 * Toss offers no look-up of billing keys; knowing the key is the proof.
 */
function judgeBillingKey(change: BillingKeyChange): Judge {
  return async ({ database, requestId }, { eventId }) => {
    const { outcome } = await applyBillingKeyEvent(database, {
      eventId,
      change,
      requestId,
    });
    return outcome === "unknown_key"
      ? ignored("the billing key is not known here")
      : processed("billing-key");
  };
}

/**
 * A payout, a seller, a settlement, a wallet: nothing here depends on it, other systems may.
 *
 * No question to Toss could tell whether it is true, so a signature is the one proof, and without it there is no fact
 * to hand on. The outbox row names the scheme that proved it.
 */
const judgeRecord: Judge = async (
  { database },
  { eventId, verifiedBy },
) => {
  if (verifiedBy === null) return ignored(NOBODY_PROVES_IT);
  await recordWebhookEvent(database, { eventId });
  return processed(null);
};

const JUDGES: Readonly<Record<EventKind, Judge>> = {
  payment: judgePayment,
  cancel: judgePayment,
  deposit: judgeDeposit,
  billing_key_deleted: judgeBillingKey("deleted"),
  billing_key_issued: judgeBillingKey("issued"),
  settlement: judgeRecord,
  record: judgeRecord,
  none: () =>
    Promise.resolve(ignored("events of this type are stored for reading only")),
};

/** Processes a leased event by its type, the same way after the answer to Toss and in the worker. */
export const judgeEvent: Judge = (context, event) =>
  JUDGES[describeEvent(event.eventType)?.kind ?? "none"](context, event);
