import type { Stack } from "../../stack/stack.ts";

/** Bytes of each of our tables with its indexes, by name. */
export type TableSizes = ReadonlyMap<string, number>;

/** What a payment leaves in the database. */
export interface Storage {
  bytesPerPayment: number;
  /** The tables that take most of it, largest first. */
  largest: { table: string; share: number }[];
}

const SHOWN = 4;

/** Reads how large our tables are at this moment. */
export async function readTableSizes({ sql }: Stack): Promise<TableSizes> {
  const rows = await sql<{ table: string; bytes: number }[]>`
    select format('%I.%I', n.nspname, c.relname) as table,
      pg_total_relation_size(c.oid)::float8 as bytes
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'toss_private')`;
  return new Map(rows.map(({ table, bytes }) => [table, bytes]));
}

/** Divides what the tables have grown by among the payments that were made meanwhile. */
export function storageOf(
  before: TableSizes,
  after: TableSizes,
  payments: number,
): Storage {
  const grown = [...after].map(([table, bytes]) => ({
    table,
    bytes: bytes - (before.get(table) ?? 0),
  })).sort((a, b) => b.bytes - a.bytes);
  const total = grown.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    bytesPerPayment: total / payments,
    largest: grown.slice(0, SHOWN)
      .map(({ table, bytes }) => ({ table, share: bytes / total })),
  };
}
