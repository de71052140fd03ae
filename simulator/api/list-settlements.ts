import { z } from "zod";
import { isOf } from "../merchant.ts";
import {
  foreignSettlement,
  type Settlement,
  settlementBody,
  settlementsOf,
} from "../settlements/settlement.ts";
import { payoutDay } from "../settlements/payout-day.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const pageSchema = z.object({
  startDate: z.iso.date(),
  endDate: z.iso.date(),
  dateType: z.enum(["soldDate", "paidOutDate"]).default("soldDate"),
  page: z.coerce.number().int().min(1).default(1),
  size: z.coerce.number().int().min(1).max(5000).default(100),
});

/**
 * GET /v1/settlements: what is paid out for the approvals and cancels of a span of days, the oldest first, page by
 * page from 1. Source: core API reference, 정산 조회; Toss has none for test keys, which `showSettlements` decides.
 */
export function listSettlements(
  { state, keyPair, request }: EndpointCall,
): EndpointOutcome {
  const asked = pageSchema.safeParse(Object.fromEntries(request.query));
  if (!asked.success) return { kind: "refused", code: "INVALID_REQUEST" };
  const { startDate, endDate, dateType, page, size } = asked.data;
  const all = state.settings.showSettlements
    ? [
      ...[...state.payments.values()].flatMap(settlementsOf),
      ...state.foreignTransactions.map(foreignSettlement),
    ]
    : [];
  const listed = all
    .filter(({ transaction }) => isOf(transaction, keyPair))
    .flatMap((settlement) => altered(settlement) ?? [])
    .filter((settlement) => {
      const { soldDate, transaction } = settlement;
      const day = dateType === "soldDate"
        ? soldDate
        : payoutDay(transaction.method, soldDate);
      return day >= startDate && day <= endDate;
    })
    // A cancel tells its time in whole seconds, and must not come before its approval.
    .sort((a, b) => secondOf(a) - secondOf(b));
  return {
    kind: "value",
    value: listed.slice((page - 1) * size, page * size).map(settlementBody),
  };

  function altered(settlement: Settlement): Settlement | null {
    const amount = state.alteredSettlements
      .get(settlement.transaction.transactionKey);
    if (amount === null) return null;
    return amount === undefined ? settlement : { ...settlement, amount };
  }
}

function secondOf({ transaction }: Settlement): number {
  return Math.floor(transaction.transactionAt / 1000);
}
