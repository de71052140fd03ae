import type { LeasedOperation } from "../database/lease.ts";
import type {
  TossNotFound,
  TossRefused,
  TossUnknown,
} from "../toss/outcome.ts";
import { isTired } from "./patience.ts";
import type { NoProof } from "./postpone.ts";

/**
 * What is noted of a request that was sent and whose answer proves nothing.
 *
 * "Still in progress" keeps the key, whose answer is on its way; said longer than Toss works on a request, it is an
 * answer that would be repeated for ever.
 */
export function unprovenAnswer(
  outcome: TossUnknown,
  operation: Pick<LeasedOperation, "keyAgeSeconds">,
): NoProof {
  const isStuck = outcome.reason === "in_progress" && isTired(operation);
  return {
    code: outcome.code ?? outcome.reason.toUpperCase(),
    message: outcome.message,
    keyIsSpent: outcome.answered || isStuck,
    refusedWith: null,
  };
}

/** What is noted of a question that brought no record; whatever was known of the request itself stays. */
export function unansweredQuestion(
  outcome: TossNotFound | TossRefused | TossUnknown,
): NoProof {
  return {
    code: outcome.kind === "unknown"
      ? outcome.code ?? outcome.reason.toUpperCase()
      : outcome.code,
    message: outcome.kind === "not_found"
      ? "Toss knows no such payment."
      : outcome.message,
    keyIsSpent: false,
  };
}
