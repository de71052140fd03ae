import type { Operation } from "../database/operation.ts";
import type { OperationContext } from "./operation-context.ts";
import type { OperationOutcome } from "./outcome.ts";
import { resolveCancel } from "./resolve-cancel.ts";
import { resolveConfirmation } from "./resolve-confirmation.ts";
import { resolveVirtualAccount } from "./resolve-virtual-account.ts";

/** Finishes an operation whose earlier attempt brought no proof, on Toss's word alone; each kind in its own way. */
export async function resolveOperation(
  context: OperationContext,
  operation: Operation,
): Promise<OperationOutcome> {
  switch (operation.kind) {
    case "confirm":
      return await resolveConfirmation(context, operation);
    case "cancel":
      return await resolveCancel(context, operation);
    case "virtual_account":
      return await resolveVirtualAccount(context, operation);
  }
}
