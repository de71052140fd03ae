import type { LeasedOperation } from "../database/lease.ts";
import { tossTime } from "../toss/time.ts";
import type { NoProof } from "./postpone.ts";

/** So far Toss's clock and the database's may be apart. */
const CLOCK_MARGIN_MILLISECONDS = 5 * 60_000;

/**
 * Whether what Toss tells happened before the operation was begun.
 *
 * Then Toss repeats an answer that a restored database has forgotten (Idempotency-Key), and what has happened since
 * is not in it.
 */
export function happenedBefore(
  { askedAt, ageSeconds }: Pick<LeasedOperation, "askedAt" | "ageSeconds">,
  time: string | null | undefined,
): boolean {
  const happened = tossTime(time ?? null);
  return happened !== null &&
    Date.parse(happened) <
      Date.parse(askedAt) - ageSeconds * 1000 - CLOCK_MARGIN_MILLISECONDS;
}

/** What is noted while Toss does not tell how a payment stands whose earlier approval it repeats. */
export const REPEATED: NoProof = {
  code: "ANSWER_REPEATED",
  message: "Toss repeats an earlier answer; its record is not known yet.",
  keyIsSpent: false,
};
