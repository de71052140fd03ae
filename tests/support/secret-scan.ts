import { Buffer } from "node:buffer";
import type { Shop } from "./shop.ts";

async function tables({ stack }: Shop): Promise<string[]> {
  const rows = await stack.sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('public', 'toss_private', 'net', 'cron') and c.relkind in ('r', 'p')
    order by 1`;
  return rows.map(({ name }) => name);
}

/** The ways in which a value may stand somewhere: plain, as JSON, in an address, as base64 or hex. */
export function spellingsOf(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("hex"),
  ];
}

/** The tables of which some row, read as text, holds a value in any spelling. */
export async function tablesWith(shop: Shop, value: string): Promise<string[]> {
  const found: string[] = [];
  for (const table of await tables(shop)) {
    const [row] = await shop.stack.sql.unsafe(
      `select count(*)::int from ${table} as t
       where exists (select 1 from unnest($1::text[]) as s where strpos(t::text, s) > 0)`,
      [spellingsOf(value)],
    );
    if (Number(row?.count) > 0) found.push(table);
  }
  return found;
}
