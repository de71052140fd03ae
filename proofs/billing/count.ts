import type { Book } from "../../simulator/books.ts";

/** What a month of charging came to, seen from the books of the simulated Toss. */
export interface Count {
  /** How often Toss took money. */
  charges: number;
  /** Customers from whom it was taken more than once. */
  doubleCharged: number;
  /** Customers from whom it was not taken. */
  notCharged: number;
  /** Charges at Toss that the database knows nothing of. */
  lost: number;
  /** Customers whose next date is a month or more too late, so that nobody will charge that month. */
  skipped: number;
}

/** Counts how often money was taken from each billing key. */
function chargesByKey(books: Book[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { keyDigest, approvals } of books) {
    if (keyDigest === null) continue;
    counts.set(keyDigest, (counts.get(keyDigest) ?? 0) + approvals);
  }
  return counts;
}

/**
 * Counts a month.
 *
 * @param books what Toss did in that month
 * @param known what the database says: the payment keys it has, and how many customers it moved on too far
 */
export function countMonth(
  books: Book[],
  customers: number,
  known: { paymentKeys: ReadonlySet<string>; skipped: number },
): Count {
  const taken = books.filter(({ approvals }) => approvals > 0);
  const counts = [...chargesByKey(taken).values()];
  return {
    charges: counts.reduce((sum, count) => sum + count, 0),
    doubleCharged: counts.filter((count) => count > 1).length,
    notCharged: customers - counts.length,
    lost: taken.filter(({ paymentKey }) => !known.paymentKeys.has(paymentKey))
      .length,
    skipped: known.skipped,
  };
}
