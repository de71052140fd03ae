import { z } from "zod";
import { toKoreanTime } from "../korean-time.ts";
import { isOf } from "../merchant.ts";
import { orderIdSchema } from "../payments/create-payment.ts";
import { RECEIPT_TYPES } from "../receipts/cash-receipt.ts";
import { receiptBody } from "../receipts/receipt-body.ts";
import { cancelReceipt, issueReceipt } from "../receipts/receipt-life.ts";
import type { Endpoint, EndpointCall, EndpointOutcome } from "./endpoint.ts";

const INVALID: EndpointOutcome = { kind: "refused", code: "INVALID_REQUEST" };

const issueSchema = z.object({
  amount: z.int().positive(),
  orderId: orderIdSchema,
  orderName: z.string().min(1).max(100),
  type: z.enum(RECEIPT_TYPES),
  customerIdentityNumber: z.string().min(1).max(30),
  taxFreeAmount: z.int().min(0).default(0),
}).refine(({ taxFreeAmount, amount }) => taxFreeAmount <= amount);

const cancelSchema = z.object({ amount: z.int().positive().optional() });

const listSchema = z.object({
  requestDate: z.iso.date(),
  cursor: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});

/**
 * POST /v1/cash-receipts: issues a receipt. It checks neither the order nor
 * whether it has one (measured), so the same request without an
 * Idempotency-Key issues twice.
 */
function issue({ state, keyPair, request }: EndpointCall): EndpointOutcome {
  const body = issueSchema.safeParse(request.body);
  if (!body.success) return INVALID;
  const receipt = issueReceipt(state, {
    ...body.data,
    keyPair,
    payment: null,
  });
  return { kind: "value", value: receiptBody(state, receipt) };
}

/** POST /v1/cash-receipts/{receiptKey}/cancel: all that is left, or `amount`. */
function cancel(
  { state, keyPair, request, parameters }: EndpointCall,
): EndpointOutcome {
  const body = cancelSchema.safeParse(request.body ?? {});
  if (!body.success) return INVALID;
  const receipt = state.cashReceipts.find((candidate) =>
    candidate.receiptKey === parameters[0] &&
    candidate.transactionType === "CONFIRM" && isOf(candidate, keyPair)
  );
  if (receipt === undefined || receipt.issueStatus === "FAILED") {
    return { kind: "refused", code: "NOT_FOUND" };
  }
  const left = receipt.amount - receipt.canceledAmount;
  const amount = body.data.amount ?? left;
  if (amount === 0 || amount > left) return INVALID;
  return {
    kind: "value",
    value: receiptBody(state, cancelReceipt(state, receipt, amount)),
  };
}

/** GET /v1/cash-receipts: what was asked for on a day in Seoul, the oldest first; `cursor` is the last entry seen. */
function list({ state, keyPair, request }: EndpointCall): EndpointOutcome {
  const query = listSchema.safeParse(Object.fromEntries(request.query));
  if (!query.success) return INVALID;
  const { requestDate, cursor, limit } = query.data;
  const found = state.cashReceipts
    .map((receipt, index) => ({ receipt, place: index + 1 }))
    .filter(({ receipt, place }) =>
      place > cursor && isOf(receipt, keyPair) &&
      toKoreanTime(receipt.requestedAt).startsWith(requestDate)
    );
  const page = found.slice(0, limit);
  return {
    kind: "value",
    value: {
      hasNext: found.length > page.length,
      lastCursor: page.at(-1)?.place ?? null,
      data: page.map(({ receipt }) => receiptBody(state, receipt)),
    },
  };
}

/** The routes of cash receipts (현금영수증). Source: core API reference. */
export const CASH_RECEIPT_ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: /^\/v1\/cash-receipts$/, handle: issue },
  { method: "GET", path: /^\/v1\/cash-receipts$/, handle: list },
  {
    method: "POST",
    path: /^\/v1\/cash-receipts\/([^/]+)\/cancel$/,
    handle: cancel,
  },
];
