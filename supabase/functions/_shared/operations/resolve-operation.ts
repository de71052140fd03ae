import type { ChargeOutcome } from "../billing/charge-outcome.ts";
import { deleteAtToss } from "../billing/delete-billing-key.ts";
import { resolveBillingIssue } from "../billing/issue-billing-key.ts";
import type { IssueOutcome } from "../billing/issue-outcome.ts";
import { performCharge } from "../billing/perform-charge.ts";
import type { Operation } from "../database/operations.ts";
import type { OperationContext } from "../payments/operation-context.ts";
import type { CancelOutcome, ConfirmOutcome } from "../payments/outcome.ts";
import { resolveCancel } from "../payments/resolve-cancel.ts";
import { resolveConfirmation } from "../payments/resolve-confirmation.ts";
import { resolveVirtualAccount } from "../payments/resolve-virtual-account.ts";

/** How an operation stands after somebody has acted on it. */
export type OperationEnd = "succeeded" | "rejected" | "unknown";

type Outcome = ConfirmOutcome | CancelOutcome | ChargeOutcome | IssueOutcome;

const ENDS: Record<Outcome["kind"], OperationEnd> = {
  confirmed: "succeeded",
  already_confirmed: "succeeded",
  canceled: "succeeded",
  paid: "succeeded",
  issued: "succeeded",
  refused: "rejected",
  declined: "rejected",
  processing: "unknown",
  unknown: "unknown",
};

/** Finishes an operation whose earlier attempt brought no proof, on Toss's word alone; each kind in its own way. */
export async function resolveOperation(
  context: OperationContext,
  operation: Operation,
): Promise<OperationEnd> {
  switch (operation.kind) {
    case "confirm":
      return ENDS[(await resolveConfirmation(context, operation)).kind];
    case "cancel":
      return ENDS[(await resolveCancel(context, operation)).kind];
    case "virtual_account":
      return ENDS[(await resolveVirtualAccount(context, operation)).kind];
    case "charge":
      return ENDS[(await performCharge(context, operation)).kind];
    case "billing_issue":
      return ENDS[(await resolveBillingIssue(context, operation)).kind];
    case "billing_delete":
      return await deleteAtToss(context, operation) ? "succeeded" : "unknown";
  }
}
