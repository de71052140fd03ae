import { z } from "zod";
import type { Database } from "./client.ts";
import { type TossKeys, tossKeys } from "./lease.ts";

const imported = z.object({
  importId: z.string(),
  /** Days in Seoul, both included. */
  from: z.string(),
  to: z.string(),
  /** Whose list is read; null when all are. */
  keys: tossKeys.nullable(),
  /** First day of the month that is read. */
  windowFrom: z.string(),
  /** The day after its last one. */
  windowUntil: z.string(),
  cursor: z.string().nullable(),
  /** Rows of Toss's list so far. */
  read: z.number().int(),
  /** Those that are new here. */
  imported: z.number().int(),
  isFinished: z.boolean(),
});

/** An import of the history, and how far it is. */
export type Import = z.output<typeof imported>;

/** Who works on an import. */
export interface ImportLease {
  importId: string;
  leaseToken: string;
  leaseSeconds: number;
}

const begun = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("begun"), import: imported }),
  z.object({ outcome: z.literal("busy") }),
  z.object({
    outcome: z.literal("invalid_range"),
    from: z.string(),
    to: z.string(),
  }),
]);

/** Begins an import or goes on with one; see the comment on `public.begin_import`. */
export function beginImport(
  database: Database,
  request: Omit<ImportLease, "importId"> & {
    pairs: TossKeys[];
    from: string | null;
    to: string | null;
  },
): Promise<z.output<typeof begun>> {
  return database.call("begin_import", { ...request }, begun);
}

/** Hands in a page of the history; see the comment on `public.record_imported_transactions`. */
export function recordImportedTransactions(
  database: Database,
  request: ImportLease & {
    keys: TossKeys;
    windowFrom: string;
    cursor: string | null;
    lastKey: string | null;
    isLast: boolean;
    rows: readonly object[];
  },
): Promise<Import> {
  return database.call(
    "record_imported_transactions",
    { ...request },
    imported,
  );
}

/** See the comment on `public.pause_import`. */
export function pauseImport(
  database: Database,
  { importId, leaseToken }: ImportLease,
): Promise<Import> {
  return database.call("pause_import", { importId, leaseToken }, imported);
}
