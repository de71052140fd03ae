import type { LeasedOperation } from "../database/lease.ts";
import type { CatalogueEntry } from "../toss/error-catalogue.ts";
import {
  proofOf,
  type RefusalProof,
  type TossCall,
} from "../toss/error-catalogue/proofs.ts";
import type { TossRefused } from "../toss/outcome.ts";
import { isQuiet } from "./patience.ts";
import type { NoProof } from "./postpone.ts";

/** Toss refuses every request with these until the keys are mended; the payment itself is untouched. */
const KEY_FAULTS = new Set([
  "UNAUTHORIZED_KEY",
  "INVALID_API_KEY",
  "INCORRECT_BASIC_AUTH_FORMAT",
]);

/** Whether Toss refused us rather than the payment: our keys are wrong. */
export function isKeyFault(code: string): boolean {
  return KEY_FAULTS.has(code);
}

/** What a refusal says about an operation. */
export interface RefusalJudgement {
  proof: RefusalProof;
  /** It ends the operation by itself: no look-up. */
  endsAtOnce: boolean;
  /** Once Toss's record shows that nothing happened, nothing of the operation is on its way any more either. */
  isLastWord: boolean;
  /** Whether the same request must not be made again. */
  isFinal: boolean;
}

/**
 * Judges Toss's refusal of an operation's request; the one place where that is decided.
 *
 * It ends the operation by itself only when the catalogue says what it proves for this call, and no earlier try can
 * have taken effect. Every other refusal leaves the question to Toss's record. A record in which nothing happened
 * answers it when no try can still be at work: under its first Idempotency-Key Toss answers all tries as one, and
 * an earlier key's tries are over after the longest time that Toss takes.
 */
export function judgeRefusal(
  call: TossCall,
  operation: Pick<
    LeasedOperation,
    "attempts" | "keyGeneration" | "keyAgeSeconds"
  >,
  code: string,
): RefusalJudgement {
  const proof = proofOf(call, code);
  const isOnlyTry = operation.attempts === 1;
  return {
    proof,
    endsAtOnce: isOnlyTry && (proof === "nothing" || proof === "later"),
    isLastWord: (proof === "nothing" || proof === "moved") &&
      (isOnlyTry || operation.keyGeneration === 1 || isQuiet(operation)),
    isFinal: proof === "nothing" || proof === "moved",
  };
}

/**
 * How an operation is left open after a refusal that Toss's record does not confirm yet.
 *
 * The code is remembered: when the record still shows nothing after Toss's longest time to answer, it stands. After
 * `later` and `moved` there is nothing to remember, because the request is simply made again.
 */
export function unprovenRefusal(
  { code, message }: TossRefused,
  { proof }: RefusalJudgement,
): NoProof {
  const stands = proof === "ask" || proof === "nothing";
  return {
    code,
    message,
    keyIsSpent: true,
    refusedWith: stands ? code : null,
  };
}

/** What a refused confirm means for the operation and the payment. */
export interface RefusalEffect {
  /** Whether this payment can never be approved; false lets the buyer's page confirm it again. */
  isFinal: boolean;
  paymentStatus: "ABORTED" | "EXPIRED" | null;
}

/**
 * Reads a refusal of confirm that is proven.
 *
 * A declined confirm is final for its paymentKey (Toss: payment statuses, ABORTED); the buyer starts a new
 * payment. A fault of our keys or a closed bank says nothing about the payment.
 */
export function refusalEffect(entry: CatalogueEntry): RefusalEffect {
  const isFinal = proofOf("confirm", entry.code) !== "later";
  switch (entry.class) {
    case "customer":
      return { isFinal, paymentStatus: "ABORTED" };
    case "session_expired":
      return { isFinal, paymentStatus: "EXPIRED" };
    default:
      return { isFinal, paymentStatus: null };
  }
}
