import postgres, { type Sql } from "postgres";
import type { ScaleDatabase } from "./scale-database.ts";

/** How long claims take in a table of one size. */
export interface ClaimTimes {
  subscriptions: number;
  /** Median milliseconds of a claim, by the size of the batch. */
  medians: Map<number, number>;
  /** What the claim does, from auto_explain, statement by statement. */
  plans: string[];
}

/** The tables that grow with the number of subscriptions. */
const GROWING = [
  "subscriptions",
  "subscription_charges",
  "orders",
  "operations",
  "customers",
  "billing_methods",
  "billing_keys",
  "entitlements",
  "payment_events",
];

function median(values: number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function claim(sql: Sql, limit: number): Promise<void> {
  const request = {
    limit,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 35,
    mode: "test",
    dunning: { scheduleDays: [1, 3, 5, 7], finalAction: "cancel" },
    requestId: "scale",
  };
  const [row] = await sql<{ claimed: number }[]>`
    select jsonb_array_length(public.claim_due_charges(${
    sql.json(request)
  }) -> 'charges') as claimed`;
  if (row?.claimed !== limit) {
    throw new Error(`${row?.claimed} of ${limit} were claimed`);
  }
  // Somebody sends them: as long as they are open, the next claim would look at them as well.
  await sql`
    update public.operations set state = 'succeeded', finished_at = toss_private.clock_now()
    where state = 'started'`;
}

/** Milliseconds of one claim. */
async function timeClaim(sql: Sql, limit: number): Promise<number> {
  const start = performance.now();
  await claim(sql, limit);
  return performance.now() - start;
}

/** The plans of every statement that a claim runs inside. */
async function explainClaim(url: string, limit: number): Promise<string[]> {
  const plans: string[] = [];
  const sql = postgres(url, {
    max: 1,
    onnotice: ({ message = "" }) => void plans.push(message),
  });
  try {
    await sql.unsafe(`
      load 'auto_explain';
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_nested_statements = on;
      set auto_explain.log_level = notice`).simple();
    await claim(sql, limit);
  } finally {
    await sql.end();
  }
  return plans;
}

/** Scans of whole tables that grow with the subscriptions; there must be none. */
export function fullScans(plans: string[]): string[] {
  const scans = plans.flatMap((plan) => [
    ...plan.matchAll(/Seq Scan on (\w+)/g),
  ]);
  return [...new Set(scans.map(([, table = ""]) => table))]
    .filter((table) => GROWING.includes(table));
}

/** The plan that finds the due subscriptions, without the text of the query. */
export function duePlan(plans: string[]): string {
  const plan = plans.find((text) => /next_charge_at\s+limit/.test(text));
  return plan?.slice(plan.search(/^Limit /m)).trimEnd() ?? "";
}

/** A database and how many subscriptions it holds. */
export interface Scale {
  subscriptions: number;
  database: ScaleDatabase;
}

/** Medians for one size of batch, in the order of the scales, which take turns: a busy moment slows all of them. */
async function timeInTurns(
  scales: Scale[],
  batch: number,
  runs: number,
): Promise<number[]> {
  // The first claims plan their statements.
  for (const { database } of scales) await claim(database.sql, batch);
  const timed = scales.map(({ database }) => ({
    sql: database.sql,
    times: [] as number[],
  }));
  for (let run = 0; run < runs; run++) {
    for (const { sql, times } of timed) times.push(await timeClaim(sql, batch));
  }
  return timed.map(({ times }) => median(times));
}

/** Measures the same claims in databases of different sizes. */
export async function measureClaims(
  scales: Scale[],
  { batches, runs }: {
    /** Sizes of the batches that are claimed. */
    batches: number[];
    /** Claims of each size; the median counts. */
    runs: number;
  },
): Promise<ClaimTimes[]> {
  const byBatch: [batch: number, medians: number[]][] = [];
  for (const batch of batches) {
    byBatch.push([batch, await timeInTurns(scales, batch, runs)]);
  }
  const all: ClaimTimes[] = [];
  for (const [index, { subscriptions, database }] of scales.entries()) {
    const medians = new Map(
      byBatch.map(([batch, values]) => [batch, values[index] ?? NaN]),
    );
    const plans = await explainClaim(database.url, batches[0] ?? 1);
    all.push({ subscriptions, medians, plans });
  }
  return all;
}
