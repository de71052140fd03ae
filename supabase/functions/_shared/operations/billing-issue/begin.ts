import {
  beginBillingIssue,
  type BeginBillingIssueAnswer,
} from "../../database/billing-issue.ts";
import type { TossKeys } from "../../database/lease.ts";
import { sha256Hex } from "../../security/sha256.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import { countUnknown } from "../refusal.ts";
import { issuedOutcome, type IssueOutcome } from "./finish.ts";
import { sendBillingIssue } from "./send.ts";

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
  /** The pair with whose window the card was registered. */
  tossKeys: TossKeys;
  tossClientKey: string;
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
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function issueBillingKey(
  context: OperationContext,
  { authKey, ...request }: IssueRequest,
): Promise<IssueResult> {
  const operationId = crypto.randomUUID();
  const encrypted = await context.keyring.encrypt(authKey, operationId);
  const begun = await beginBillingIssue(context.firstCall, {
    ...request,
    ...encrypted,
    operationId,
    authKeyDigest: sha256Hex(authKey),
    ...newLease(context),
  });
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const result = await orProcessing(
        context,
        begun.operation,
        sendBillingIssue,
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
