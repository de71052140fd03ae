import {
  type BillingDeleteOperation,
  finishBillingDelete,
} from "../../database/billing-delete.ts";
import { proofOf } from "../../toss/error-catalogue/proofs.ts";
import { heldBy, type OperationContext } from "../context.ts";
import { postpone, unansweredQuestion } from "../no-proof.ts";
import { openKey, UNREADABLE_KEY } from "../open-key.ts";

/**
 * Removes a billing key at Toss and then wipes ours; the method has been out of use since the removal was begun.
 *
 * @returns `processing` when the key is not gone; the worker tries again
 *
 * Source: Toss, DELETE /v1/billing/{billingKey}: 200 with an empty body; idempotent by method, so without a key.
 */
export async function sendBillingDelete(
  context: OperationContext,
  operation: BillingDeleteOperation,
): Promise<{ kind: "deleted" | "processing" }> {
  const billingKey = await openKey(
    context,
    operation,
    operation.billingMethodId,
  );
  if (billingKey === null) {
    await postpone(context, operation, UNREADABLE_KEY);
    return { kind: "processing" };
  }
  const outcome = await context.toss.of(operation).deleteBillingKey(
    billingKey,
  );
  // Gone already is what a second removal finds. Any other refusal leaves it to the next one, which finds out.
  const isGone = outcome.kind === "answered" ||
    outcome.kind === "refused" &&
      proofOf("billing_delete", outcome.code) === "moved";
  if (!isGone) {
    await postpone(context, operation, unansweredQuestion(outcome));
    return { kind: "processing" };
  }
  await finishBillingDelete(context.database, heldBy(context, operation));
  return { kind: "deleted" };
}
