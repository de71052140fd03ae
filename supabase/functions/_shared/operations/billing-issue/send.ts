import type { BillingIssueOperation } from "../../database/billing-issue.ts";
import type { TossRefused } from "../../toss/outcome.ts";
import type { OperationContext } from "../context.ts";
import { unprovenAnswer } from "../no-proof.ts";
import { openKey, UNREADABLE_KEY } from "../open-key.ts";
import { LONGEST_ANSWER_SECONDS } from "../patience.ts";
import { judgeRefusal } from "../refusal.ts";
import {
  type IssueOutcome,
  leaveIssueOpen,
  refuseIssue,
  storeBillingKey,
} from "./finish.ts";

/**
 * After this long nobody waits for a registration any more; what was charged then would come as a surprise.
 * A key that Toss issued and nobody stored can be found by no one, and the user simply registers again.
 */
const PATIENCE_SECONDS = 1800;

/**
 * Sends a registration whose operation is leased, for the first time or again.
 *
 * Toss has no way to look for an issued key. What an earlier try brought can only be had by its Idempotency-Key,
 * for which Toss replays the first answer; that is why an unanswered one is never changed.
 *
 * Source: Toss, 빌링키 발급 (POST /v1/billing/authorizations/issue).
 */
export async function sendBillingIssue(
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
  const outcome = await context.toss.of(operation).issueBillingKey(
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
