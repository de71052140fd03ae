import type { TransactionSql } from "postgres";

/** Which states follow which: every move that was seen, as `from → to`. */
export class Moves {
  readonly #seen = new Set<string>();

  /** Notes a move; staying is none. */
  add(from: string, to: string): void {
    if (from !== to) this.#seen.add(`${from} → ${to}`);
  }

  /** All moves, sorted. */
  list(): string[] {
    return [...this.#seen].sort();
  }
}

/** The database's clock, for `askedAt`. */
export async function clock(sql: TransactionSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select toss_private.clock_now()::text as at`;
  return row?.at ?? "";
}
