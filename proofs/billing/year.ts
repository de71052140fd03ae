import type { Random } from "../support/random.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { addMethods } from "./cards.ts";
import { type ChargeRunner, startChargeRunner } from "./charge-runner.ts";
import { type Faults, spoilToss } from "./faults.ts";
import { advanceUntilAllDue, type ProofSubscriber } from "./subscribers.ts";

/** How a card may decline, each in its own class of the error catalogue. */
const DECLINES = [
  { code: "REJECT_CARD_PAYMENT", class: "soft" },
  { code: "EXCEED_MAX_DAILY_PAYMENT_COUNT", class: "limit" },
  { code: "INVALID_STOPPED_CARD", class: "hard" },
] as const;

/** What happened in the months. */
export interface YearReport {
  months: number;
  /** Declines by class. */
  declines: Record<typeof DECLINES[number]["class"], number>;
  /** Cards that were replaced after a hard decline. */
  newCards: number;
  runs: number;
}

/** What the months are lived with. */
export interface YearPlan {
  stack: Stack;
  simulator: Simulator;
  subscribers: ProofSubscriber[];
  months: number;
  /** Runs that overlap. */
  runners: number;
  /** Subscribers whose card declines in a month, in each of the classes. */
  declinesEach: number;
  random: Random;
  faults: Faults;
  /** @default nothing */
  onMonth?: (month: number) => void;
}

/** The next moment at which something is left to do for a month that not everybody has paid; null = all have. */
async function nextMoment({ sql }: Stack): Promise<Date | null> {
  const [row] = await sql<{ at: Date | null }[]>`
    select min(t.at) as at
    from (
      select next_charge_at as at from public.subscriptions
      where next_charge_at < current_period_end or status = 'past_due' or next_charge_at <= toss_private.clock_now()
      union all
      select greatest(lease_expires_at, next_attempt_at) from public.operations
      where kind = 'charge' and state in ('started', 'unknown')
    ) as t`;
  return row?.at ?? null;
}

/** What falls due within some hours is met by one run, which saves most of the runs that find nothing. */
const TICK_MILLISECONDS = 6 * 3_600_000;

async function moveTo(stack: Stack, moment: Date): Promise<void> {
  const reached = new Date(moment.getTime() + TICK_MILLISECONDS);
  if (reached > await stack.now()) await stack.advanceClock(reached);
}

class Year {
  readonly report: YearReport;
  constructor(readonly plan: YearPlan, readonly runners: ChargeRunner[]) {
    const declines = { soft: 0, limit: 0, hard: 0 };
    this.report = { months: 0, declines, newCards: 0, runs: 0 };
  }

  /** Lives to the next month and through it, until everybody has paid it. */
  async liveMonth(): Promise<void> {
    await advanceUntilAllDue(this.plan.stack);
    this.#declineSome();
    await this.#chargeOnce();
    await this.#replaceCards();
    for (let moments = 0;; moments++) {
      const moment = await nextMoment(this.plan.stack);
      if (moment === null) break;
      if (moments > 60) throw new Error("the month never ends");
      await moveTo(this.plan.stack, moment);
      await this.#chargeOnce();
      await this.#replaceCards();
    }
    this.report.months += 1;
  }

  async #chargeOnce(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.charge()));
    this.report.runs += this.runners.length;
  }

  #declineSome(): void {
    const { simulator, subscribers, declinesEach, random } = this.plan;
    const left = [...subscribers];
    for (const { code, class: name } of DECLINES) {
      for (let count = 0; count < declinesEach; count++) {
        const [chosen] = left.splice(random.integer(0, left.length - 1), 1);
        if (chosen === undefined) continue;
        // A soft decline may come twice before the card works again; each is a day of the schedule.
        const times = name === "soft" ? random.integer(1, 2) : 1;
        const { customerKey } = chosen;
        simulator.declineCharges({ customerKey, code, count: times });
        this.report.declines[name] += times;
      }
    }
  }

  /** Whoever is asked for another card registers one, which is charged the debt at once. */
  async #replaceCards(): Promise<void> {
    const { stack, simulator } = this.plan;
    const asked = await stack.sql<ProofSubscriber[]>`
      select s.id as "subscriptionId", s.user_id as "userId", c.customer_key as "customerKey"
      from public.subscriptions as s join public.customers as c using (user_id)
      where s.needs_payment_method and s.status = 'past_due'`;
    const methods = await addMethods(stack, simulator, asked);
    for (const [index, { subscriptionId }] of asked.entries()) {
      const billingMethodId = methods[index]?.billingMethodId;
      await changeMethod(stack, { subscriptionId, billingMethodId });
      this.report.newCards += 1;
    }
  }
}

async function changeMethod(
  { functionsUrl, secretKey }: Stack,
  change: { subscriptionId: string; billingMethodId: string | undefined },
): Promise<void> {
  const response = await fetch(`${functionsUrl}/subscription`, {
    method: "POST",
    headers: { apikey: secretKey, "content-type": "application/json" },
    body: JSON.stringify({ action: "change_method", ...change }),
  });
  const text = await response.text();
  if (response.status !== 200 && response.status !== 202) {
    throw new Error(`subscription answered ${response.status}: ${text}`);
  }
}

/**
 * Lives through months of subscribers whose cards decline and recover, with overlapping runs and lost answers.
 *
 * Time goes from one thing that is due to the next, on the database's clock and Toss's. Every month ends when
 * everybody has paid it.
 */
export async function liveMonths(plan: YearPlan): Promise<YearReport> {
  spoilToss(plan.simulator, plan.faults);
  const runners = await Promise.all(
    Array.from({ length: plan.runners }, () => startChargeRunner(plan.stack)),
  );
  try {
    const year = new Year(plan, runners);
    for (let month = 1; month <= plan.months; month++) {
      await year.liveMonth();
      plan.onMonth?.(month);
    }
    return year.report;
  } finally {
    await Promise.all(runners.map((runner) => runner.kill()));
  }
}
