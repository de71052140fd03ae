import { deleteAtToss } from "../billing/delete-billing-key.ts";
import { resolveBillingIssue } from "../billing/issue-billing-key.ts";
import { resolveCharge } from "../billing/resolve-charge.ts";
import type { Operation } from "../database/operation.ts";
import type { OperationContext } from "./operation-context.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { resolveConfirmation } from "./resolve-confirmation.ts";

/** How an operation stands after somebody has acted on it. */
export type OperationEnd = "succeeded" | "rejected" | "unknown";

/** Finishes an operation whose earlier attempt brought no proof, on Toss's word alone; each kind in its own way. */
export async function resolveOperation(
  context: OperationContext,
  operation: Operation,
): Promise<OperationEnd> {
  switch (operation.kind) {
    case "confirm":
      return CONFIRM_ENDS[(await resolveConfirmation(context, operation)).kind];
    case "charge": {
      const { kind } = await resolveCharge(context, operation);
      return kind === "paid"
        ? "succeeded"
        : kind === "declined"
        ? "rejected"
        : "unknown";
    }
    case "billing_issue": {
      const { kind } = await resolveBillingIssue(context, operation);
      return kind === "issued"
        ? "succeeded"
        : kind === "refused"
        ? "rejected"
        : "unknown";
    }
    case "billing_delete":
      return await deleteAtToss(context, operation) ? "succeeded" : "unknown";
  }
}

const CONFIRM_ENDS: Record<ConfirmOutcome["kind"], OperationEnd> = {
  confirmed: "succeeded",
  already_confirmed: "succeeded",
  refused: "rejected",
  processing: "unknown",
};
