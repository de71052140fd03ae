import type { BillingDeleteOperation } from "../database/billing-operation.ts";
import { finishBillingDelete } from "../database/billing-methods.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import { postpone } from "../payments/postpone.ts";
import { openKey, UNREADABLE_KEY } from "./open-key.ts";

/** Toss's ways to say that there is no such key any more: what a second removal finds. */
const GONE = new Set([
  "ALREADY_REMOVED_BILLING_KEY",
  "BILLING_KEY_NOT_FOUND",
  "NOT_FOUND_BILLING",
  "INVALID_BILL_KEY_REQUEST",
]);

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
  const isGone = outcome.kind === "answered" ||
    (outcome.kind === "refused" && GONE.has(outcome.code));
  if (!isGone) {
    await postpone(context, operation, {
      code: outcome.kind === "refused"
        ? outcome.code
        : outcome.code ?? outcome.reason.toUpperCase(),
      message: outcome.message,
      keyIsSpent: false,
    });
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
