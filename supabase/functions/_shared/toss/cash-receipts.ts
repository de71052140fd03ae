import { z } from "zod";
import type { TossOutcome } from "./outcome.ts";
import { pathSegment } from "./path-segment.ts";
import type { Idempotency, TossRequest } from "./request.ts";
import { flag, sideAmount, sideField, text } from "./side-fields.ts";

/** What `issueCashReceipt()` sends; amounts in won. */
export type CashReceiptBody = {
  readonly amount: number;
  readonly orderId: string;
  readonly orderName: string;
  readonly type: string;
  /** Whom the receipt is for: a phone number, a card's or a company's number. */
  readonly customerIdentityNumber: string;
  readonly taxFreeAmount?: number;
};

/** The calls of Toss's core API about cash receipts ("현금영수증"). */
export type TossCashReceipts = {
  issueCashReceipt(
    body: CashReceiptBody,
    options: Idempotency,
  ): Promise<TossOutcome<TossCashReceipt>>;
  /** Without `amount`, all that is left of the receipt is canceled. */
  cancelCashReceipt(
    receiptKey: string,
    body: { readonly amount?: number },
    options: Idempotency,
  ): Promise<TossOutcome<TossCashReceipt>>;
  /** One page of the receipts and cancels that were asked for on a day in Seoul (`yyyy-MM-dd`). */
  listCashReceipts(
    page: { readonly requestDate: string; readonly cursor: string | null },
  ): Promise<TossOutcome<CashReceiptPage>>;
};

/** So many entries keep a page well below what an answer may take. */
const PAGE_SIZE = 500;

/**
 * Toss's CashReceipt object, as far as this product reads it.
 *
 * Nothing else passes: the number that a receipt is for, which Toss repeats, goes no further than this. Source: core
 * API reference, CashReceipt object.
 */
export const CASH_RECEIPT = z.object({
  receiptKey: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  orderId: text,
  type: text,
  issueNumber: text,
  receiptUrl: text,
  transactionType: text,
  amount: sideAmount,
  taxFreeAmount: sideAmount,
  issueStatus: text,
  failure: sideField(z.object({ code: text })),
  requestedAt: text,
});

/** A parsed CashReceipt object: a receipt that was issued, or a cancel of one. */
export type TossCashReceipt = z.output<typeof CASH_RECEIPT>;

const CURSOR = z.union([
  z.string().min(1),
  z.number().transform(String),
]);

const PAGE = z.object({
  hasNext: flag,
  lastCursor: sideField(CURSOR),
  data: z.array(CASH_RECEIPT),
});

/** A page of Toss's list of cash receipts. */
export type CashReceiptPage = z.output<typeof PAGE>;

/**
 * Makes the calls of a client about cash receipts; see `createTossClient()` for how they end. Toss checks neither the
 * order nor whether it has a receipt, and issues again when it is asked again.
 *
 * @throws RangeError when a receipt's key cannot stand in a URL.
 */
export function createTossCashReceipts(request: TossRequest): TossCashReceipts {
  return {
    issueCashReceipt: (body, { idempotencyKey }) =>
      request({
        operation: "issue_cash_receipt",
        method: "POST",
        path: "/v1/cash-receipts",
        body,
        idempotencyKey,
        schema: CASH_RECEIPT.refine(
          ({ orderId }) => (orderId ?? body.orderId) === body.orderId,
          { message: "the answer is about another order" },
        ),
      }),
    cancelCashReceipt: (receiptKey, body, { idempotencyKey }) =>
      request({
        operation: "cancel_cash_receipt",
        method: "POST",
        path: `/v1/cash-receipts/${pathSegment(receiptKey)}/cancel`,
        body,
        idempotencyKey,
        schema: CASH_RECEIPT,
      }),
    listCashReceipts: ({ requestDate, cursor }) => {
      const query = new URLSearchParams({
        requestDate,
        limit: String(PAGE_SIZE),
        ...(cursor === null ? {} : { cursor }),
      });
      return request({
        operation: "list_cash_receipts",
        method: "GET",
        path: `/v1/cash-receipts?${query}`,
        schema: PAGE,
      });
    },
  };
}
