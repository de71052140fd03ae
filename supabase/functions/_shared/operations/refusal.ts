import { countCallerRefusal } from "../database/confirm.ts";
import type { LeasedOperation } from "../database/lease.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
import {
  proofOf,
  type RefusalProof,
  type TossCall,
} from "../toss/error-catalogue/proofs.ts";
import type { TossRefused } from "../toss/outcome.ts";
import type { OperationContext } from "./context.ts";
import { type NoProof, noProof } from "./no-proof.ts";
import { isQuiet } from "./patience.ts";

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

/** What a refusal that is remembered says, now that Toss's record shows nothing of the request. */
export type RememberedRefusal =
  | { kind: "none" }
  /** A try may still be at work. */
  | { kind: "early"; noProof: NoProof }
  /** No try can be at work any more, so it stands; `isFinal` as in {@link RefusalJudgement}. */
  | { kind: "stands"; code: string; isFinal: boolean };

/** Judges an earlier refusal of an operation's request by what Toss's record does not show. */
export function judgeRemembered(
  call: TossCall,
  operation: Pick<LeasedOperation, "refusedWith" | "keyAgeSeconds">,
): RememberedRefusal {
  const { refusedWith: code } = operation;
  if (code === null) return { kind: "none" };
  return isQuiet(operation)
    ? { kind: "stands", code, isFinal: proofOf(call, code) === "nothing" }
    : {
      kind: "early",
      noProof: noProof(
        code,
        "Toss refused and may still be working on an earlier try.",
      ),
    };
}

/**
 * Counts a payment or an authKey that Toss does not know against whoever brought it; any other refusal is nobody's
 * guess. What the caller is answered stands, counted or not.
 *
 * @param caller null when nobody is to be counted
 */
export async function countUnknown(
  { database, logger }: OperationContext,
  caller: string | null,
  { code, status }: { code: string; status?: number | undefined },
): Promise<void> {
  const isUnknown = describeTossError(code, status).class === "not_found";
  if (!isUnknown || caller === null) return;
  await countCallerRefusal(database, caller).catch((error: unknown) =>
    logger.warn("refusal_not_counted", { cause: String(error) })
  );
}
