import { beginBillingDelete } from "../../database/billing-delete.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import { sendBillingDelete } from "./send.ts";

/** How a removal stands, for whoever asked: a method that is on its way out counts as removed. */
export type DeleteResult = { kind: "deleted" } | { kind: "method_not_found" };

/**
 * Takes a billing method out of use. From the first database call on it is never charged again; when Toss does not
 * remove its key at once, the worker sees to it. A repeat answers the same.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function deleteBillingMethod(
  context: OperationContext,
  /** `userId` null = an operator asks. */
  request: { billingMethodId: string; userId: string | null },
): Promise<DeleteResult> {
  const begun = await beginBillingDelete(context.firstCall, {
    ...request,
    ...newLease(context),
  });
  if (begun.outcome === "method_not_found") return { kind: "method_not_found" };
  if ("operation" in begun) {
    await orProcessing(context, begun.operation, sendBillingDelete);
  }
  return { kind: "deleted" };
}
