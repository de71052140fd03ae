import type { Database } from "./client.ts";
import type { TossKeys } from "./lease.ts";
import {
  type ReconciliationLease,
  type ReconciliationRun,
  run,
} from "./reconciliation.ts";

/** See the comment on `public.begin_settlements`. */
export function beginSettlements(
  database: Database,
  request: ReconciliationLease,
): Promise<ReconciliationRun> {
  return database.call("begin_settlements", { ...request }, run);
}

/** Hands in a page of settlements; see the comment on `public.record_settlements`. */
export function recordSettlements(
  database: Database,
  request: ReconciliationLease & {
    keys: TossKeys;
    cursor: string | null;
    nextCursor: string;
    isLast: boolean;
    rows: readonly object[];
  },
): Promise<ReconciliationRun> {
  return database.call("record_settlements", { ...request }, run);
}

/** See the comment on `public.miss_settlements`. */
export function missSettlements(
  database: Database,
  request: ReconciliationLease & {
    keys: TossKeys;
    reason: string;
    isRefused: boolean;
  },
): Promise<ReconciliationRun> {
  return database.call("miss_settlements", { ...request }, run);
}
