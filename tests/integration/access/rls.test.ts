import assert from "node:assert/strict";
import postgres, { type TransactionSql } from "postgres";
import { inRollback } from "../../support/rollback.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  ACCESS_MATRIX,
  actors,
  type Cast,
  countAll,
  expectedReading,
  MAY_BE_EMPTY,
  PERMISSION_DENIED,
  readingOf,
  type Role,
  ROLES,
} from "../../support/access-matrix.ts";

/** The secret key edits the catalogue, and only that. */
const WRITABLE_BY_SERVICE = new Set(["products", "plans"]);

/** Of views: not updatable, no such object to truncate. */
const NOT_POSSIBLE = ["55000", "42809"];

const test = shopTests();

/** Becomes a role inside a transaction, as the Data API does for a request. */
async function become(
  sql: TransactionSql,
  role: Role,
  { owner, other }: Cast,
): Promise<void> {
  const user = role === "owner" ? owner : role === "other" ? other : null;
  const name = user === null ? role : "authenticated";
  const claims = { role: name, ...(user === null ? {} : { sub: user.id }) };
  // Supabase's auth.uid() reads the second setting, that of the local stack the first.
  await sql`
    select set_config('request.jwt.claim.sub', ${user?.id ?? ""}, true),
      set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
  await sql`set local role ${sql(name)}`;
}

/** The SQLSTATE with which a statement is refused, null when it runs. */
async function refusalOf(
  sql: TransactionSql,
  statement: string,
): Promise<string | null> {
  try {
    await inRollback(sql, (savepoint) => savepoint.unsafe(statement));
    return null;
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error.code;
    throw error;
  }
}

test("the matrix names every table and view of schema public", async (shop) => {
  const rows = await shop.stack.sql<{ relname: string }[]>`
    select c.relname from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')`;

  assert.deepEqual(
    rows.map(({ relname }) => relname).sort(),
    Object.keys(ACCESS_MATRIX).sort(),
  );
});

test("row level security is on for every table, and every view reads as its reader", async (shop) => {
  const open = await shop.stack.sql`
    select c.oid::regclass::text as relation from pg_class as c
    where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
      and (c.relkind in ('r', 'p') and not c.relrowsecurity
        or c.relkind = 'v' and not coalesce(c.reloptions @> array['security_invoker=true'], false)
        or c.relkind = 'm')`;

  assert.deepEqual([...open], []);
});

test("every role reads in SQL what the matrix says", async (shop) => {
  const people = await actors(shop);
  for (const table of Object.keys(ACCESS_MATRIX)) {
    const all = await countAll(shop, table);
    if (MAY_BE_EMPTY.has(table) && all === 0) continue;
    assert.ok(all > 0, `${table} has no row to hide`);
    for (const role of ROLES) {
      const seen = await inRollback(shop.stack.sql, async (sql) => {
        await become(sql, role, people);
        const statement = `select count(*)::int from public.${table}`;
        const refusal = await refusalOf(sql, statement);
        if (refusal === PERMISSION_DENIED) return null;
        assert.equal(refusal, null);
        const [row] = await sql.unsafe(statement);
        return Number(row?.count);
      });
      const reading = readingOf(seen, all);
      assert.equal(reading, expectedReading(table, role), `${table} × ${role}`);
    }
  }
});

test("nobody writes in SQL but the service role to the catalogue", async (shop) => {
  const people = await actors(shop);
  const columns = await shop.stack.sql<
    { table_name: string; column_name: string }[]
  >`
    select distinct on (table_name) table_name, column_name from information_schema.columns
    where table_schema = 'public' and is_identity = 'NO' and is_generated = 'NEVER'
    order by table_name, ordinal_position`;
  for (const { table_name: table, column_name: column } of columns) {
    const statements = {
      insert: `insert into public.${table} default values`,
      update: `update public.${table} set ${column} = ${column}`,
      // Of no row: what refuses a real one may be the stock ledger.
      delete: `delete from public.${table} where false`,
      truncate: `truncate public.${table} cascade`,
    };
    for (const role of ROLES) {
      const refusals = await inRollback(shop.stack.sql, async (sql) => {
        await become(sql, role, people);
        const found: Record<string, string | null> = {};
        for (const [verb, statement] of Object.entries(statements)) {
          found[verb] = await refusalOf(sql, statement);
        }
        return found;
      });
      const mayWrite = role === "service_role" &&
        WRITABLE_BY_SERVICE.has(table);
      for (const [verb, refusal] of Object.entries(refusals)) {
        const isRefused = refusal !== null &&
          [PERMISSION_DENIED, ...NOT_POSSIBLE].includes(refusal);
        const what = `${verb} ${table} as ${role}: ${refusal}`;
        assert.equal(isRefused, !mayWrite || verb === "truncate", what);
      }
    }
  }
});

test("no table of schema toss_private is readable by buyers", async (shop) => {
  const readable = await shop.stack.sql`
    select c.relname, r.role
    from pg_class as c, unnest(array['anon', 'authenticated']) as r (role)
    where c.relnamespace = 'toss_private'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')
      and has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger')`;

  assert.deepEqual([...readable], []);
  const [usage] = await shop.stack.sql`
    select has_schema_privilege('anon', 'toss_private', 'usage') as anon`;
  assert.equal(usage?.anon, false);
});
