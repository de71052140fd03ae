import { z } from "zod";
import type { TossOutcome } from "./outcome.ts";
import type { TossRequest } from "./request.ts";
import { sideField, text } from "./side-fields.ts";

/** Which part of Toss's list of settlements is wanted, by the day of sale. */
export type SettlementPage = {
  /** The first day, in Seoul: `yyyy-MM-dd`. */
  readonly from: string;
  /** The last day; included. */
  readonly to: string;
  /** From 1. */
  readonly page: number;
};

/** The calls of Toss's core API about settlements (정산 조회). */
export type TossSettlements = {
  /** One page of the settlements of a span; an empty one is the end. Toss has none for test keys. */
  listSettlements(page: SettlementPage): Promise<TossOutcome<TossSettlement[]>>;
};

/** Toss gives up to 5,000; as many as of transactions. */
const PAGE_SIZE = 1000;

const won = z.number().int();
/** In won whole; lines in another currency are left out after reading. */
const money = z.number();
const day = z.string().transform((given) => given.slice(0, 10))
  .pipe(z.iso.date());

/**
 * A line of Toss's list, as far as this product reads it: what is paid out for an approval, or taken back for a cancel.
 *
 * Without its keys, its amount and its day a line could not be told or counted, so such a page counts as unread.
 * Source: core API reference, Settlement object.
 */
const SETTLEMENT = z.object({
  paymentKey: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  transactionKey: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  orderId: text,
  mId: text,
  currency: text,
  method: text,
  amount: money,
  fees: sideField(z.array(z.object({ fee: won }))),
  /** Of the fee. */
  supplyAmount: sideField(won),
  /** Of the fee. */
  vat: sideField(won),
  payOutAmount: money,
  approvedAt: text,
  soldDate: day,
  paidOutDate: sideField(day),
  /** What was given back; only there for a cancel. */
  cancel: sideField(z.looseObject({})),
}).refine(
  ({ currency, amount, payOutAmount }) =>
    (currency ?? "KRW") !== "KRW" ||
    [amount, payOutAmount].every(Number.isSafeInteger),
  "amounts in won must be whole numbers",
);

/** A parsed line. */
export type TossSettlement = z.output<typeof SETTLEMENT>;

/** Makes the calls of a client about settlements; see `createTossClient()` for how they end. */
export function createTossSettlements(request: TossRequest): TossSettlements {
  return {
    listSettlements: ({ from, to, page }) => {
      const query = new URLSearchParams({
        startDate: from,
        endDate: to,
        dateType: "soldDate",
        page: String(page),
        size: String(PAGE_SIZE),
      });
      return request({
        operation: "list_settlements",
        method: "GET",
        path: `/v1/settlements?${query}`,
        schema: z.array(SETTLEMENT),
      });
    },
  };
}
