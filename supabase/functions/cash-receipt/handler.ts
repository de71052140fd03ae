import { processingResponse } from "../_shared/http/answers.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { cancelCashReceipt } from "../_shared/operations/cash-receipt-cancel/begin.ts";
import { issueCashReceipt } from "../_shared/operations/cash-receipt/begin.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import { receiptCancelError, receiptError } from "./refusal.ts";
import { cashReceiptRequest, receiptCancelRequest } from "./request.ts";

/**
 * `POST cash-receipt`: a cash receipt (현금영수증) on what is left of an order that was paid in cash.
 *
 * 201 with the receipt, the same again on every repeat of its requestId; 202 while Toss's answer is not known; refusals
 * as in refusal.ts. A user asks for the own order, an operator for any. Source: Toss, 현금영수증 발급
 * (POST /v1/cash-receipts).
 */
export const issueReceipt: Handler = async (request, context) => {
  const { caller } = context;
  const body = await readJson(request, cashReceiptRequest, context.bodyLimit);
  const result = await issueCashReceipt(
    createOperationContext(context, "cash_receipt"),
    {
      ...body,
      requestedBy: caller.kind === "user" ? caller.userId : "operator",
    },
  );
  switch (result.kind) {
    case "receipted":
      return Response.json(result.receipt, { status: 201 });
    case "processing":
      return processingResponse({
        orderId: body.orderId,
        requestId: body.requestId,
      });
    default:
      throw receiptError(result);
  }
};

/**
 * `DELETE cash-receipt`: cancels the receipt of an order, all that is left of it or a part; for operators.
 *
 * 200 with what was canceled, the same again on every repeat of its requestId; 202 while Toss's answer is not known.
 * Source: Toss, 현금영수증 발급 취소 (POST /v1/cash-receipts/{receiptKey}/cancel).
 */
export const cancelReceipt: Handler = async (request, context) => {
  if (context.caller.kind !== "secret") {
    throw new AppError("forbidden", "Only a secret key cancels a receipt.");
  }
  const body = await readJson(request, receiptCancelRequest, context.bodyLimit);
  const result = await cancelCashReceipt(
    createOperationContext(context, "cash_receipt"),
    body,
  );
  switch (result.kind) {
    case "receipted": {
      const { orderId, receiptKey, amount, issueStatus } = result.receipt;
      return Response.json({ orderId, receiptKey, amount, issueStatus });
    }
    case "processing":
      return processingResponse({
        orderId: body.orderId,
        requestId: body.requestId,
      });
    default:
      throw receiptCancelError(result);
  }
};
