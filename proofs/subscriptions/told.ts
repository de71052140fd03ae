import { DAY, MINUTE } from "./calendar.ts";
import type { Ending, Fate } from "./charges.ts";
import type { Model } from "./state.ts";

/** What whoever asks is told: `ok`, `processing`, or the code (and reason) of a refusal. */
export type Told = string;

/** Where a registration may die: the price is shown, it is written down, or everything is begun. */
export type Stage = "shown" | "begun" | "done";

/** A refund is made, or made at Toss alone, or left to the worker. */
export type RefundFate = "made" | "unproven" | "left";

/** What the documents leave open of how an action goes. */
export interface Way {
  /** Of Toss's next answer to a charge. */
  fate: Fate;
  /** What becomes of the debts that a new card is charged for; null: nothing is begun. */
  debts: readonly (Fate | null)[];
  /** How far a registration comes. */
  stage: Stage;
  /** What becomes of each refund at once; all are made, but for those that whoever makes them dies over or holds. */
  made: readonly RefundFate[];
}

/** How an action goes when nothing is left open. */
export function plainWay(fate: Fate): Way {
  return { fate, debts: [], stage: "done", made: [] };
}

/** When an action happens, and how. */
export interface Moment extends Way {
  now: number;
}

export const PROCESSING = "processing";
export const IN_PROGRESS = "operation_in_progress";

/** The answer to what cannot happen, with the reason. */
export function refused(reason: string): Told {
  return `invalid_request ${reason}`;
}

/** The answer to whoever waited for a charge. */
export function toldOf(ending: Ending): Told {
  if (ending === "unknown") return PROCESSING;
  return ending === "paid" ? "ok" : "payment_confirm_failed";
}

/** The limit for attempts; counts one that is let through. */
export function isLimited(model: Model, now: number): boolean {
  const since = (span: number) =>
    model.attempts.filter((at) => at > now - span).length;
  if (since(10 * MINUTE) >= 5 || since(DAY) >= 20) return true;
  model.attempts.push(now);
  return false;
}
