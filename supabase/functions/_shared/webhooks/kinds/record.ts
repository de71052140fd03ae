import { recordWebhookEvent } from "../../database/webhook-effects.ts";
import type { Judge } from "./verdict.ts";
import { processed } from "./verdict.ts";

/**
 * A payout, a seller, a settlement, a wallet: nothing here depends on it, other systems may.
 *
 * The outbox row says whether the event was signed. Without a signature nothing stands behind it, and no question
 * to Toss could tell, so `verified_by` stays empty.
 */
export const judgeRecord: Judge = async ({ database }, { eventId }) => {
  await recordWebhookEvent(database, { eventId });
  return processed(null);
};
