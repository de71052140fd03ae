import type {
  TossNotFound,
  TossRefused,
  TossUnknown,
} from "../toss/outcome.ts";
import type { NoProof } from "./postpone.ts";

/** What is noted of a request that was sent and whose answer proves nothing. */
export function unprovenAnswer(outcome: TossUnknown): NoProof {
  return {
    code: outcome.code ?? outcome.reason.toUpperCase(),
    message: outcome.message,
    keyIsSpent: outcome.answered,
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
