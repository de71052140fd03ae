import type { CashReceiptCancelOperation } from "../../database/cash-receipts.ts";
import type { OperationContext } from "../context.ts";
import type { ReceiptOutcome } from "../receipt-end.ts";
import { resolveReceiptBy } from "../receipt-resolve.ts";
import { sendReceiptCancel } from "./send.ts";

/** Finishes the cancel of a receipt whose earlier attempt brought no proof. */
export async function resolveReceiptCancel(
  context: OperationContext,
  operation: CashReceiptCancelOperation,
): Promise<ReceiptOutcome> {
  return await resolveReceiptBy(sendReceiptCancel, context, operation);
}
