import { deleteAtToss } from "../_shared/billing/delete-billing-key.ts";
import { beginBillingDelete } from "../_shared/database/billing-delete.ts";
import { DatabaseError } from "../_shared/database/client.ts";
import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { requireUser } from "../_shared/http/require-user.ts";
import { createOperationContext } from "../_shared/operations/create-context.ts";
import { deleteRequest } from "./request.ts";

/**
 * `DELETE billing-issue`: takes a billing method out of use, for its user or for an operator.
 *
 * From the first database call on it is never charged again; when Toss does not remove its key at once, the
 * worker sees to it. A repeat answers the same.
 */
export const deleteMethod: Handler = async (request, context) => {
  const { services, caller, logger, requestId } = context;
  const userId = caller.kind === "secret" ? null : requireUser(caller);
  const { billingMethodId } = await readJson(
    request,
    deleteRequest,
    MAXIMUM_BODY_BYTES["billing-issue"],
  );
  const begun = await beginBillingDelete(services.database, {
    billingMethodId,
    userId,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: services.leaseSeconds,
    mode: services.config.toss.mode,
    requestId,
  });
  if (begun.outcome === "method_not_found") {
    throw new AppError(
      "billing_method_not_found",
      "There is no such billing method of this user.",
    );
  }
  if ("operation" in begun) {
    try {
      const operationContext = createOperationContext(context, "billing");
      await deleteAtToss(operationContext, begun.operation);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      logger.error("operation_interrupted", { cause: error.message });
    }
  }
  return Response.json({ billingMethodId, status: "deleted" });
};
