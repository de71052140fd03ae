import { z } from "zod";
import type { TossOutcome } from "./outcome.ts";
import type { TossRequest } from "./request.ts";
import { sideField, text } from "./side-fields.ts";

/** Which part of Toss's list is wanted. */
export type TransactionPage = {
  /** The first day, in Seoul: `yyyy-MM-dd`. */
  readonly from: string;
  /** The day after the last one. */
  readonly until: string;
  /** The last transaction of the page before; null = from the start. */
  readonly startingAfter: string | null;
};

/** The calls of Toss's core API about transactions (거래 조회). */
export type TossTransactions = {
  /** One page of the approvals and cancels of a span, the oldest first; an empty one is the end. */
  listTransactions(
    page: TransactionPage,
  ): Promise<TossOutcome<TossTransaction[]>>;
};

/** Toss gives up to 5,000; so many stay within what an answer may take, and within a request's CPU time. */
const PAGE_SIZE = 1000;

/**
 * A line of Toss's list, as far as this product reads it: an approval, or a cancel.
 *
 * Without its three keys a line could not be told from another, so such a page counts as unread. All else only decides
 * whether Toss is asked for the payment, and may be missing. Source: core API reference, Transaction object.
 */
const TRANSACTION = z.object({
  transactionKey: z.string().min(1).max(200),
  paymentKey: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  orderId: z.string().min(1).max(200),
  mId: text,
  status: text,
  method: text,
  transactionAt: text,
  currency: text,
  /** Minor unit; of a cancel it may have either sign. */
  amount: sideField(z.number().int()),
});

/** A parsed line. */
export type TossTransaction = z.output<typeof TRANSACTION>;

/** Makes the calls of a client about transactions; see `createTossClient()` for how they end. */
export function createTossTransactions(request: TossRequest): TossTransactions {
  return {
    listTransactions: ({ from, until, startingAfter }) => {
      // Korean time without an offset: with one Toss answers INVALID_DATE.
      const query = new URLSearchParams({
        startDate: `${from}T00:00:00`,
        endDate: `${until}T00:00:00`,
        limit: String(PAGE_SIZE),
        ...(startingAfter === null ? {} : { startingAfter }),
      });
      return request({
        operation: "list_transactions",
        method: "GET",
        path: `/v1/transactions?${query}`,
        schema: z.array(TRANSACTION),
      });
    },
  };
}
