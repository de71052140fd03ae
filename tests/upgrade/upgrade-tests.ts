import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import { differences, takeSnapshot } from "./snapshot.ts";
import { SCHEMA_STATES, type SchemaState } from "./states.ts";

/** An empty project's database. */
export interface UpgradeTarget {
  /** Client of the superuser. */
  sql: Sql;
  /** Connection string of role postgres. */
  ownerUrl: string;
  /** Applies the migrations that are missing; `upTo` is the version of the last one wanted. */
  applyMigrations(upTo?: string): Promise<void>;
  stop(): Promise<void>;
}

async function makeData(target: UpgradeTarget, file: string): Promise<void> {
  const text = await Deno.readTextFile(new URL(file, import.meta.url));
  const owner = postgres(target.ownerUrl, { max: 1, onnotice: () => {} });
  try {
    await owner.begin((transaction) => transaction.unsafe(text).simple());
  } finally {
    await owner.end();
  }
}

async function violations(sql: Sql) {
  return [...await sql`select * from public.invariant_violations()`];
}

/** What a worker of today would take up, long after the shop's last day on the old version. */
async function claimable(sql: Sql) {
  const request = JSON.stringify({
    limit: 100,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 30,
    asOf: "2040-01-01T00:00:00Z",
  });
  const [row] = await sql<
    { operations: number; events: number; payments: number; expired: number }[]
  >`
    select
      jsonb_array_length(public.claim_operations(${request}::text::jsonb) -> 'operations') as operations,
      jsonb_array_length(public.claim_webhook_events(${request}::text::jsonb) -> 'events') as events,
      jsonb_array_length(public.claim_unsettled_payments(${request}::text::jsonb) -> 'payments') as payments,
      (public.expire_orders(${request}::text::jsonb) ->> 'expired')::integer as expired`;
  return row;
}

async function openWork(sql: Sql) {
  const [row] = await sql`
    select
      (select count(*)::int from public.operations where state in ('started', 'unknown')) as operations,
      (select count(distinct subject)::int from public.webhook_events
        where status in ('received', 'processing', 'failed')) as events,
      (select count(*)::int from public.orders where status = 'waiting_for_deposit') as payments,
      (select count(*)::int from public.orders as o where status = 'pending' and not exists (
        select from public.operations as op where op.order_id = o.id and op.state in ('started', 'unknown')
      )) as expired`;
  return row;
}

async function assertIsWholeShop(
  sql: Sql,
  state: SchemaState,
): Promise<void> {
  const snapshot = await takeSnapshot(sql);
  const empty = [...snapshot].filter(([, rows]) => rows.size === 0);
  assert.deepEqual(
    empty.map(([relation]) => relation).sort(),
    state.emptyTables,
  );
  const work = await openWork(sql);
  for (const [kind, count] of Object.entries(work ?? {})) {
    assert.ok(Number(count) > 0, `the data leave no ${kind} open`);
  }
}

/** Registers one test for each state from which a shop can come, on a database of its own. */
export function upgradeTests(
  server: string,
  openTarget: () => Promise<UpgradeTarget>,
): void {
  for (const state of SCHEMA_STATES) {
    Deno.test(`a shop of ${state.version} keeps its data and its open work through an upgrade on ${server}`, async () => {
      const target = await openTarget();
      try {
        await target.applyMigrations(state.lastMigration);
        await makeData(target, state.data);
        await assertIsWholeShop(target.sql, state);
        assert.deepEqual(await violations(target.sql), [], "before");
        const before = await takeSnapshot(target.sql);

        await target.applyMigrations();

        const after = await takeSnapshot(target.sql);
        const intended = Object.keys(state.changedLater);
        assert.deepEqual(differences(before, after, intended), []);
        assert.deepEqual(await violations(target.sql), [], "after");
        const work = await openWork(target.sql);
        assert.deepEqual(await claimable(target.sql), work);
        assert.deepEqual(await violations(target.sql), [], "at work");
      } finally {
        await target.stop();
      }
    });
  }
}
