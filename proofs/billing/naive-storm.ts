import { createRandom } from "../support/random.ts";
import { startSimulator } from "../../simulator/simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { registerCard } from "./cards.ts";
import { type Count, countMonth } from "./count.ts";
import { type Faults, spoilToss } from "./faults.ts";
import { startNaiveRunner } from "./naive-runner.ts";
import { storm, type StormResult } from "./storm.ts";
import type { ProofSubscriber } from "./subscribers.ts";

// The comparison has its own tables: nothing of this project reads or writes them.
const TABLES = `
  drop schema if exists naive cascade;
  create schema naive;
  create table naive.subscriptions (
    id uuid primary key,
    customer_key uuid not null,
    billing_key text not null,
    amount integer not null,
    due_at timestamptz not null,
    next_charge_at timestamptz not null
  );
  create index on naive.subscriptions (next_charge_at);
  create table naive.payments (
    payment_key text primary key,
    order_id text not null,
    subscription_id uuid not null,
    amount integer not null
  );
  grant usage on schema naive to postgres;
  grant all on all tables in schema naive to postgres;`;

/** Copies the subscribers as they are due, with cards of their own at another simulated Toss. */
async function copySubscribers(
  { sql }: Stack,
  simulator: Simulator,
  subscribers: ProofSubscriber[],
): Promise<void> {
  await sql.unsafe(TABLES).simple();
  const rows = [];
  for (const { subscriptionId, customerKey } of subscribers) {
    const billingKey = await registerCard(simulator, customerKey);
    rows.push({ subscriptionId, customerKey, billingKey });
  }
  await sql`
    insert into naive.subscriptions
    select s.id, r."customerKey", r."billingKey", s.amount, s.next_charge_at, s.next_charge_at
    from jsonb_to_recordset(${sql.json(rows)})
      as r ("subscriptionId" uuid, "customerKey" uuid, "billingKey" text)
    join public.subscriptions as s on s.id = r."subscriptionId"`;
}

async function count(
  { sql }: Stack,
  simulator: Simulator,
  customers: number,
): Promise<Count> {
  const payments = await sql<{ payment_key: string }[]>`
    select payment_key from naive.payments`;
  const [row] = await sql<{ skipped: number }[]>`
    select count(*)::int as skipped from naive.subscriptions
    where next_charge_at > due_at + interval '1 month'`;
  const paymentKeys = new Set(payments.map(({ payment_key }) => payment_key));
  const known = { paymentKeys, skipped: row?.skipped ?? 0 };
  return countMonth(simulator.books(), customers, known);
}

/**
 * Lets the naive loop charge a copy of the subscribers, who must be due, under the same faults as everybody else.
 *
 * It has its own tables and its own simulated Toss, so that the books of the stack's stay clean.
 */
export async function stormNaively(
  stack: Stack,
  subscribers: ProofSubscriber[],
  { runners, faults }: { runners: number; faults: Faults },
): Promise<StormResult> {
  const { sql } = stack;
  const simulator = await startSimulator({ port: 0 });
  try {
    await copySubscribers(stack, simulator, subscribers);
    spoilToss(simulator, faults);
    const asOf = (await stack.now()).toISOString();
    const report = await storm({
      runners,
      kills: faults.kills,
      random: createRandom(faults.seed),
      startRunner: () =>
        startNaiveRunner({
          databaseUrl: stack.dbUrl,
          tossUrl: simulator.url,
          secretKey: simulator.secretKey,
          asOf,
        }),
      async isOver() {
        const rows = await sql`
          select from naive.subscriptions where next_charge_at <= ${asOf} limit 1`;
        return rows.length === 0;
      },
    });
    return {
      ...report,
      count: await count(stack, simulator, subscribers.length),
    };
  } finally {
    await simulator.stop();
  }
}
