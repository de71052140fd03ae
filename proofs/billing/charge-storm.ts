import { createRandom } from "../support/random.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { startChargeRunner } from "./charge-runner.ts";
import { type Count, countMonth } from "./count.ts";
import { type Faults, spoilToss } from "./faults.ts";
import { storm, type StormResult } from "./storm.ts";
import type { ProofSubscriber } from "./subscribers.ts";

/** How much is left to do: due subscriptions and open operations. */
async function workLeft({ sql }: Stack): Promise<number> {
  const [row] = await sql<{ left: number }[]>`
    select (
      select count(*) from public.subscriptions
      where status <> 'canceled' and next_charge_at <= toss_private.clock_now()
    )::int + (
      select count(*) from public.operations
      where kind = 'charge' and state in ('started', 'unknown')
    )::int as left`;
  return row?.left ?? 0;
}

async function countRenewals(
  { sql }: Stack,
  simulator: Simulator,
  customers: number,
): Promise<Count> {
  const payments = await sql<{ payment_key: string }[]>`
    select p.payment_key from public.payments as p
    join public.subscription_charges as c on c.order_id = p.order_id and c.status = 'paid'`;
  const [row] = await sql<{ skipped: number }[]>`
    select count(*)::int as skipped from public.subscription_charges where status = 'void'`;
  const paymentKeys = new Set(payments.map(({ payment_key }) => payment_key));
  const known = { paymentKeys, skipped: row?.skipped ?? 0 };
  return countMonth(simulator.books(), customers, known);
}

/** A lease and the pauses of the first tries are over after so long. */
const BETWEEN_ROUNDS = { minutes: 2 };

/** Lets overlapping runs of `billing-charge`, each in its own process, charge the subscribers, who must be due. */
export async function stormWithBillingCharge(
  stack: Stack,
  simulator: Simulator,
  { subscribers, runners, faults }: {
    subscribers: ProofSubscriber[];
    runners: number;
    faults: Faults;
  },
): Promise<StormResult> {
  spoilToss(simulator, faults);
  const report = await storm({
    runners,
    kills: faults.kills,
    random: createRandom(faults.seed),
    startRunner: () => startChargeRunner(stack),
    async isOver() {
      if (await workLeft(stack) === 0) return true;
      await stack.advanceClock(BETWEEN_ROUNDS);
      return false;
    },
  });
  const count = await countRenewals(stack, simulator, subscribers.length);
  return { ...report, count };
}
