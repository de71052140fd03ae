import {
  type BillingDeleteOperation,
  finishBillingDelete,
} from "../database/billing-delete.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { unansweredQuestion } from "../payments/no-proof.ts";
import { postpone } from "../payments/postpone.ts";
import { proofOf } from "../toss/error-catalogue/proofs.ts";
import { openKey, UNREADABLE_KEY } from "./open-key.ts";

/**
 * Removes a billing key at Toss and then wipes ours; the method has been out of use since the removal was begun.
 *
 * @returns whether the key is gone; if not, the worker tries again
 *
 * Source: Toss, DELETE /v1/billing/{billingKey}: 200 with an empty body; idempotent by method, so without a key.
 */
export async function deleteAtToss(
  context: OperationContext,
  operation: BillingDeleteOperation,
): Promise<boolean> {
  const { database, source, requestId } = context;
  const billingKey = await openKey(
    context,
    operation,
    operation.billingMethodId,
  );
  if (billingKey === null) {
    await postpone(context, operation, UNREADABLE_KEY);
    return false;
  }
  const outcome = await context.toss.deleteBillingKey(billingKey);
  // Gone already is what a second removal finds. Any other refusal leaves it to the next one, which finds out.
  const isGone = outcome.kind === "answered" ||
    outcome.kind === "refused" &&
      proofOf("billing_delete", outcome.code) === "moved";
  if (!isGone) {
    await postpone(context, operation, unansweredQuestion(outcome));
    return false;
  }
  await finishBillingDelete(database, {
    operationId: operation.operationId,
    leaseToken: operation.leaseToken,
    source,
    requestId,
  });
  return true;
}
