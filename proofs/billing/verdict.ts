import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";

/** What the books say after the last month. */
export interface Verdict {
  /** Subscriptions times months: how many charges there must be. */
  expected: number;
  /** Rows of subscription_charges that are paid. */
  paidCharges: number;
  /** How often the simulated Toss took money. */
  takenAtToss: number;
  /** What is wrong, a line each; empty = nothing. */
  problems: string[];
}

interface ChargeSummary {
  subscriptionId: string;
  period: number;
  status: string;
  amount: number;
  orders: string[];
}

async function readCharges({ sql }: Stack): Promise<ChargeSummary[]> {
  return await sql<ChargeSummary[]>`
    select c.subscription_id as "subscriptionId", c.period_number as period, c.status, c.amount::float8 as amount,
      array_agg(o.id) as orders
    from public.subscription_charges as c
    left join public.orders as o on o.subscription_charge_id = c.id
    group by c.id`;
}

/** A charge is paid, and Toss took its amount once over all of its attempts. */
function problemsOfCharges(
  charges: ChargeSummary[],
  takenByOrder: Map<string, number>,
): string[] {
  return charges.flatMap(
    ({ subscriptionId, period, status, amount, orders }) => {
      const taken = orders.reduce(
        (sum, order) => sum + (takenByOrder.get(order) ?? 0),
        0,
      );
      const name = `period ${period} of ${subscriptionId}`;
      return [
        ...(status === "paid" ? [] : [`${name} is ${status}`]),
        ...(taken === amount ? [] : [`${name}: Toss took ${taken}`]),
      ];
    },
  );
}

/** Every subscription has each of its periods once. */
function problemsOfPeriods(
  charges: ChargeSummary[],
  subscriptionIds: string[],
  months: number,
): string[] {
  const counts = new Map<string, number>();
  for (const { subscriptionId, period } of charges) {
    const key = `${subscriptionId} ${period}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return subscriptionIds.flatMap((id) =>
    Array.from({ length: months }, (_, index) => index + 1)
      .map((period) => ({ period, count: counts.get(`${id} ${period}`) ?? 0 }))
      .filter(({ count }) => count !== 1)
      .map(({ period, count }) => `period ${period} of ${id}: ${count} charges`)
  );
}

/** The database and Toss say the same about every payment. */
async function problemsOfPayments(
  { sql }: Stack,
  simulator: Simulator,
): Promise<string[]> {
  const rows = await sql<{ key: string; line: string }[]>`
    select payment_key as key, concat_ws(' ', order_id, status, total_amount, balance_amount) as line
    from public.payments where status <> 'ABORTED'`;
  const here = new Map(rows.map(({ key, line }) => [key, line]));
  const there = new Map(
    simulator.books().filter(({ approvals }) => approvals > 0).map((book) => {
      const { orderId, status, totalAmount, balanceAmount } = book;
      return [
        book.paymentKey,
        [orderId, status, totalAmount, balanceAmount].join(" "),
      ];
    }),
  );
  const keys = new Set([...here.keys(), ...there.keys()]);
  return [...keys].filter((key) => here.get(key) !== there.get(key))
    .map((key) =>
      `payment ${key}: here ${here.get(key)}, at Toss ${there.get(key)}`
    );
}

async function violations({ sql }: Stack): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select format('%s: %s %s', invariant, subject, detail) as line
    from public.invariant_violations()`;
  return rows.map(({ line }) => line);
}

/**
 * Compares the charges with the simulated Toss's books: one paid charge per subscription and period, money taken
 * once for each, the same payments on both sides, and no violated invariant.
 *
 * @param months how many periods of each subscription must be paid
 */
export async function judge(
  stack: Stack,
  simulator: Simulator,
  { subscriptionIds, months }: { subscriptionIds: string[]; months: number },
): Promise<Verdict> {
  const charges = await readCharges(stack);
  const books = simulator.books();
  const takenByOrder = new Map<string, number>();
  for (const { orderId, takenAmount } of books) {
    takenByOrder.set(orderId, (takenByOrder.get(orderId) ?? 0) + takenAmount);
  }
  return {
    expected: subscriptionIds.length * months,
    paidCharges: charges.filter(({ status }) => status === "paid").length,
    takenAtToss: books.reduce((sum, { approvals }) => sum + approvals, 0),
    problems: [
      ...problemsOfCharges(charges, takenByOrder),
      ...problemsOfPeriods(charges, subscriptionIds, months),
      ...await problemsOfPayments(stack, simulator),
      ...await violations(stack),
    ],
  };
}
