import { z } from "zod";
import { parseKoreanLocalTime } from "../korean-time.ts";
import { isOf } from "../merchant.ts";
import { transactionBody, transactionsOf } from "../payments/transaction.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const pageSchema = z.object({
  startingAfter: z.string().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(5000).default(100),
});

/** `yyyy-MM-dd` is midnight in Seoul; an offset is refused (measured for `Z`). */
function readDate(text: string | null): number | null {
  if (text === null) return null;
  return parseKoreanLocalTime(text.includes("T") ? text : `${text}T00:00:00`);
}

/**
 * GET /v1/transactions: approvals and cancels of a span, the oldest first; `startingAfter` is the last one seen. A
 * line appears some time after it happened. Source: core API reference, 거래 조회.
 */
export function listTransactions(
  { state, keyPair, request }: EndpointCall,
): EndpointOutcome {
  const { query } = request;
  const from = readDate(query.get("startDate"));
  const to = readDate(query.get("endDate"));
  if (from === null || to === null) {
    return { kind: "refused", code: "INVALID_DATE" };
  }
  const page = pageSchema.safeParse(Object.fromEntries(query));
  if (!page.success) return { kind: "refused", code: "INVALID_REQUEST" };
  const { startingAfter, limit } = page.data;
  const visibleUntil = state.clock.now() -
    state.settings.transactionLagSeconds * 1000;
  const listed = [
    ...[...state.payments.values()].flatMap(transactionsOf),
    ...state.foreignTransactions,
  ].filter((transaction) =>
    isOf(transaction, keyPair) && transaction.transactionAt >= from &&
    transaction.transactionAt <= Math.min(to, visibleUntil) &&
    !state.unlistedTransactions.has(transaction.transactionKey)
  ).sort((a, b) => a.transactionAt - b.transactionAt);
  const last = startingAfter === undefined ? -1 : listed.findIndex((
    { transactionKey },
  ) => transactionKey === startingAfter);
  if (startingAfter !== undefined && last === -1) {
    return { kind: "refused", code: "INVALID_REQUEST" };
  }
  return {
    kind: "value",
    value: listed.slice(last + 1, last + 1 + limit).map(transactionBody),
  };
}
