import type { Sql } from "postgres";
import type { Random } from "../support/random.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { addMethods, type BillingMethod, type Customer } from "./cards.ts";

const HOUR = 3_600_000;
const SEOUL_OFFSET = 9 * HOUR;
const PRICE = 9_900;

/** A paid-up subscriber of a monthly plan. */
export interface ProofSubscriber extends BillingMethod {
  subscriptionId: string;
}

/** Noon of the next 31st in Seoul: from there on months of every length come by. */
function nextThirtyFirst(now: Date): Date {
  const seoul = new Date(now.getTime() + SEOUL_OFFSET);
  const year = seoul.getUTCFullYear();
  const month = seoul.getUTCMonth();
  const noons = [0, 1, 2].map((later) =>
    new Date(Date.UTC(year, month + later, 31, 12) - SEOUL_OFFSET)
  );
  // The 31st of a shorter month is the 1st of the next.
  const isFit = (noon: Date) =>
    new Date(noon.getTime() + SEOUL_OFFSET).getUTCDate() === 31 && noon > now;
  const found = noons.find(isFit);
  if (found === undefined) throw new RangeError(`no 31st after ${now}`);
  return found;
}

async function addCustomers(sql: Sql, count: number): Promise<Customer[]> {
  return await sql<Customer[]>`
    insert into public.customers (user_id)
    select gen_random_uuid() from generate_series(1, ${count})
    returning user_id as "userId", customer_key as "customerKey"`;
}

/**
 * Moves the clocks to a 31st and brings in that many subscribers of one monthly plan, who paid their current period
 * elsewhere: on the 28th, 29th, 30th or 31st, at any time of day.
 */
export async function addSubscribers(
  stack: Stack,
  simulator: Simulator,
  { count, random }: { count: number; random: Random },
): Promise<ProofSubscriber[]> {
  const { sql } = stack;
  const now = nextThirtyFirst(await stack.now());
  await stack.advanceClock(now);
  const planId = `proof-${crypto.randomUUID()}`;
  await sql`
    insert into public.plans (id, name, price, interval)
    values (${planId}, 'Monthly plan', ${PRICE}, 'month')`;
  const methods = await addMethods(
    stack,
    simulator,
    await addCustomers(sql, count),
  );
  const rows = methods.map((method) => ({
    ...method,
    subscriptionId: crypto.randomUUID(),
    start: new Date(now.getTime() - random.integer(0, 72 * HOUR)),
  }));
  await sql`
    insert into public.subscriptions
      (id, user_id, plan_id, billing_method_id, status, current_period_start, current_period_end, next_charge_at)
    select r."subscriptionId", r."userId", ${planId}, r."billingMethodId", 'active', r.start, e.at, e.at
    from jsonb_to_recordset(${sql.json(JSON.parse(JSON.stringify(rows)))})
      as r ("subscriptionId" uuid, "userId" uuid, "billingMethodId" uuid, start timestamptz),
      toss_private.period_boundary(r.start, 'month', 1, 1) as e (at)`;
  return rows.map(({ start: _, ...subscriber }) => subscriber);
}

/** Moves the clocks on until everybody's current period is over. */
export async function advanceUntilAllDue(stack: Stack): Promise<void> {
  const [row] = await stack.sql<{ at: Date }[]>`
    select max(current_period_end) as at from public.subscriptions
    where status <> 'canceled'`;
  if (row === undefined) throw new Error("there is nobody to charge");
  // The driver cuts times to the millisecond.
  await stack.advanceClock(new Date(row.at.getTime() + 1));
}
