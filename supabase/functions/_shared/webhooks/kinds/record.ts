import { recordWebhookEvent } from "../../database/webhook-events.ts";
import { ignored, type Judge, processed } from "./verdict.ts";

/** Why a report that nothing proves is not handed on: nobody could tell an invented one from a true one. */
export const NOBODY_PROVES_IT = "nothing proves who sent it";

/**
 * A payout, a seller, a settlement, a wallet: nothing here depends on it, other systems may.
 *
 * No question to Toss could tell whether it is true, so a signature is the one proof, and without it there is no fact
 * to hand on. The outbox row names the scheme that proved it.
 */
export const judgeRecord: Judge = async (
  { database },
  { eventId, verifiedBy },
) => {
  if (verifiedBy === null) return ignored(NOBODY_PROVES_IT);
  await recordWebhookEvent(database, { eventId });
  return processed(null);
};
