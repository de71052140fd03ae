import {
  beginBillingIssue,
  type BeginBillingIssueAnswer,
  type BillingIssueOperation,
} from "../database/billing-issue.ts";
import type { Database } from "../database/client.ts";
import { countUnknown } from "../payments/count-unknown.ts";
import { unprovenAnswer } from "../payments/no-proof.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { orProcessing } from "../payments/or-processing.ts";
import { LONGEST_ANSWER_SECONDS } from "../payments/patience.ts";
import { type NoProof, postpone } from "../payments/postpone.ts";
import { judgeRefusal } from "../payments/refusal.ts";
import { sha256Hex } from "../security/sha256.ts";
import type { TossRefused } from "../toss/outcome.ts";
import { issuedOutcome, refuseIssue, storeBillingKey } from "./finish-issue.ts";
import type { IssueOutcome } from "./issue-outcome.ts";
import { openKey, UNREADABLE_KEY } from "./open-key.ts";

/**
 * After this long nobody waits for a registration any more; what was charged then would come as a surprise.
 * A key that Toss issued and nobody stored can be found by no one, and the user simply registers again.
 */
const PATIENCE_SECONDS = 1800;

/** The values of the redirect, and whose they are. */
export interface IssueRequest {
  userId: string;
  authKey: string;
  customerKey: string;
  planId?: string | undefined;
  /** The plan's terms as the signed state has them. */
  shownTerms?: string | undefined;
  /** Whose registrations with authKeys that Toss does not know are counted together; null = nobody's. */
  caller: string | null;
}

/** Refusals that were decided in our own database; Toss was not asked. */
export type LocalIssueRefusal = Exclude<
  BeginBillingIssueAnswer,
  { outcome: "proceed" | "resolve" | "processing" | "issued" | "rejected" }
>;

/** How a registration ended. */
export type IssueResult =
  | IssueOutcome
  | { kind: "refused_locally"; refusal: LocalIssueRefusal };

/**
 * Turns an authKey into a stored billing method, and subscribes to a plan if one is named.
 *
 * A repeat with the same authKey gets the first one's result. Two database round trips and one call to Toss, one
 * more of each when the first period is charged.
 *
 * @param firstCallDatabase without retries: nothing has happened at Toss yet, so a failure may simply be answered
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function issueBillingKey(
  context: OperationContext,
  { authKey, ...request }: IssueRequest,
  firstCallDatabase: Database,
): Promise<IssueResult> {
  const operationId = crypto.randomUUID();
  const encrypted = await context.keyring.encrypt(authKey, operationId);
  const begun = await beginBillingIssue(firstCallDatabase, {
    ...request,
    ...encrypted,
    operationId,
    authKeyDigest: sha256Hex(authKey),
    leaseToken: crypto.randomUUID(),
    leaseSeconds: context.leaseSeconds,
    mode: context.mode,
    requestId: context.requestId,
  });
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const result = await orProcessing(
        context,
        resolveBillingIssue(context, begun.operation),
      );
      if (result.kind === "refused") {
        await countUnknown(context, request.caller, result);
      }
      return result;
    }
    case "processing":
      return { kind: "processing" };
    case "issued":
      return issuedOutcome(begun);
    case "rejected":
      return { kind: "refused", code: begun.errorCode };
    default:
      return { kind: "refused_locally", refusal: begun };
  }
}

/**
 * Sends a registration whose operation is leased, for the first time or again.
 *
 * Toss has no way to look for an issued key. What an earlier try brought can only be had by its Idempotency-Key,
 * for which Toss replays the first answer; that is why an unanswered one is never changed.
 *
 * Source: Toss, 빌링키 발급 (POST /v1/billing/authorizations/issue).
 */
export async function resolveBillingIssue(
  context: OperationContext,
  operation: BillingIssueOperation,
): Promise<IssueOutcome> {
  if (operation.ageSeconds > PATIENCE_SECONDS || !operation.keyIsFresh) {
    return await refuseIssue(context, operation, {
      code: "BILLING_ISSUE_TIMEOUT",
      message: "Toss gave no proof in time; the method can be registered anew.",
      isFinal: true,
    });
  }
  const authKey = await openKey(context, operation, operation.operationId);
  if (authKey === null) {
    return await leaveIssueOpen(context, operation, UNREADABLE_KEY);
  }
  const { customerKey, idempotencyKey } = operation;
  const outcome = await context.toss.issueBillingKey(
    { authKey, customerKey },
    { idempotencyKey },
  );
  switch (outcome.kind) {
    case "answered":
      return await storeBillingKey(context, operation, outcome.value);
    case "refused":
      return await judge(context, operation, outcome);
    case "unknown":
      return await leaveIssueOpen(
        context,
        operation,
        unprovenAnswer(outcome, operation),
      );
  }
}

/**
 * Toss has no record of issued keys that could be asked, so that its answer under the same Idempotency-Key is all
 * there is: a refusal that proves nothing stands when Toss repeats it after its longest time to answer. A key that
 * was issued all the same is one that nobody stored, and the user registers again.
 */
async function judge(
  context: OperationContext,
  operation: BillingIssueOperation,
  { code, message, status }: TossRefused,
): Promise<IssueOutcome> {
  const { attempts, ageSeconds } = operation;
  const { proof, endsAtOnce, isFinal } = judgeRefusal(
    "billing_issue",
    operation,
    code,
  );
  const isRepeated = proof === "ask" && attempts > 1 &&
    ageSeconds >= LONGEST_ANSWER_SECONDS;
  return endsAtOnce || isFinal || isRepeated
    ? await refuseIssue(context, operation, { code, message, status, isFinal })
    : await leaveIssueOpen(context, operation, {
      code,
      message,
      // What became of an earlier try only the same key can bring.
      keyIsSpent: false,
      pauseSeconds: proof === "ask" ? LONGEST_ANSWER_SECONDS : 0,
    });
}

async function leaveIssueOpen(
  context: OperationContext,
  operation: BillingIssueOperation,
  proof: NoProof,
): Promise<IssueOutcome> {
  const answer = await postpone(context, operation, proof);
  return answer.outcome === "rejected"
    ? { kind: "refused", code: proof.code }
    : { kind: "processing" };
}
