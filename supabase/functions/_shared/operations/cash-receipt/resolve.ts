import type { CashReceiptOperation } from "../../database/cash-receipts.ts";
import type { OperationContext } from "../context.ts";
import type { ReceiptOutcome } from "../receipt-end.ts";
import { resolveReceiptBy } from "../receipt-resolve.ts";
import { sendCashReceipt } from "./send.ts";

/** Finishes the issue of a receipt whose earlier attempt brought no proof. */
export async function resolveCashReceipt(
  context: OperationContext,
  operation: CashReceiptOperation,
): Promise<ReceiptOutcome> {
  return await resolveReceiptBy(sendCashReceipt, context, operation);
}
