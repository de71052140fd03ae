import type { Operation } from "../database/jobs.ts";
import { sendBillingDelete } from "./billing-delete/send.ts";
import { sendBillingIssue } from "./billing-issue/send.ts";
import { resolveCancel } from "./cancel/resolve.ts";
import { resolveReceiptCancel } from "./cash-receipt-cancel/resolve.ts";
import { resolveCashReceipt } from "./cash-receipt/resolve.ts";
import { performCharge } from "./charge/begin.ts";
import { resolveConfirm } from "./confirm/resolve.ts";
import type { OperationContext } from "./context.ts";
import { resolveVirtualAccount } from "./virtual-account/resolve.ts";

/** How an operation stands after somebody has acted on it. */
export type OperationEnd = "succeeded" | "rejected" | "unknown";

type Outcome = Awaited<ReturnType<typeof resolveByKind>>;

const ENDS: Record<Outcome["kind"], OperationEnd> = {
  confirmed: "succeeded",
  already_confirmed: "succeeded",
  canceled: "succeeded",
  receipted: "succeeded",
  paid: "succeeded",
  issued: "succeeded",
  deleted: "succeeded",
  refused: "rejected",
  declined: "rejected",
  processing: "unknown",
};

/** Finishes an operation whose earlier attempt brought no proof, on Toss's word alone; each kind in its own way. */
export async function resolveOperation(
  context: OperationContext,
  operation: Operation,
): Promise<OperationEnd> {
  return ENDS[(await resolveByKind(context, operation)).kind];
}

function resolveByKind(context: OperationContext, operation: Operation) {
  switch (operation.kind) {
    case "confirm":
      return resolveConfirm(context, operation);
    case "cancel":
      return resolveCancel(context, operation);
    case "virtual_account":
      return resolveVirtualAccount(context, operation);
    case "charge":
      return performCharge(context, operation);
    case "billing_issue":
      return sendBillingIssue(context, operation);
    case "billing_delete":
      return sendBillingDelete(context, operation);
    case "cash_receipt":
      return resolveCashReceipt(context, operation);
    case "cash_receipt_cancel":
      return resolveReceiptCancel(context, operation);
  }
}
