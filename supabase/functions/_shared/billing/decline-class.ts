import type { CatalogueEntry } from "../toss/error-catalogue.ts";

/** The database's code for a charge that nobody waits for any more, and that was never made. Not one of Toss's. */
export const CHARGE_TIMEOUT = "CHARGE_TIMEOUT";

/**
 * What a declined charge means for the next try.
 *
 * - `soft`: the same card may work on another day.
 * - `limit`: a limit that resets with the day in Seoul.
 * - `hard`: the billing key will never work again; the user has to register another method.
 */
export type DeclineClass = "soft" | "limit" | "hard";

/**
 * Reads a refusal of a charge with a billing key.
 *
 * @returns null when it says nothing about the customer's method: a fault of our keys, contract or request, or a
 * time at which Toss or a bank takes no payments. Such an answer must not cost the customer one of the retries.
 */
export function declineClass(
  entry: Pick<CatalogueEntry, "class" | "hard" | "limit">,
): DeclineClass | null {
  // A key that belongs to another customer is our own mistake and yet as useless as a removed one.
  if (entry.hard) return "hard";
  if (entry.class !== "customer") return null;
  return entry.limit ? "limit" : "soft";
}
