import { createRandom } from "../support/random.ts";
import { stormWithBillingCharge } from "./charge-storm.ts";
import type { Faults } from "./faults.ts";
import { stormNaively } from "./naive-storm.ts";
import { startProofStack } from "./proof-stack.ts";
import type { StormResult } from "./storm.ts";
import { addSubscribers, advanceUntilAllDue } from "./subscribers.ts";
import { judge, type Verdict } from "./verdict.ts";
import { liveMonths, type YearReport } from "./year.ts";

/** The first month of the proof is a storm; these follow. */
export interface OncePlan {
  seed: number;
  subscribers: number;
  /** Overlapping runs, each in a process of its own. */
  runners: number;
  /** Months after the storm. */
  months: number;
  /** Whether the naive loop also runs alone, one run after the other. */
  withSingleLoop: boolean;
  /** @default nothing */
  log?: (line: string) => void;
}

/** What the proof found. */
export interface OnceResult {
  naive: StormResult;
  /** Null unless it was wanted. */
  naiveAlone: StormResult | null;
  billingCharge: StormResult;
  year: YearReport;
  verdict: Verdict;
}

/** Toss's answers that are lost, runs that are killed, and how long Toss takes. */
const FAULTS = { lostAnswers: 0.05, kills: 0.5, latencyMilliseconds: 10 };

/** Subscribers whose card declines in a month, in each class. */
const DECLINES_EACH = 3;

/** Runs that overlap in each of the months after the storm. */
const CALM_RUNNERS = 2;

/**
 * Shows that every subscription and period is charged exactly once: a month of overlapping, killed runs with lost
 * answers, next to a naive loop under the same faults, then months in which cards decline and recover.
 */
export async function proveOnce(plan: OncePlan): Promise<OnceResult> {
  const { seed, runners, months, log = () => {} } = plan;
  const faults: Faults = { seed, ...FAULTS };
  const random = createRandom(seed);
  const { stack, simulator } = await startProofStack();
  try {
    const subscribers = await addSubscribers(stack, simulator, {
      count: plan.subscribers,
      random,
    });
    await advanceUntilAllDue(stack);
    log(`${subscribers.length} subscribers are due`);
    const naive = await stormNaively(stack, subscribers, { runners, faults });
    log(`naive loop, ${runners} at a time: ${naive.count.charges} charges`);
    const naiveAlone = plan.withSingleLoop
      ? await stormNaively(stack, subscribers, { runners: 1, faults })
      : null;
    const storm = { subscribers, runners, faults };
    const billingCharge = await stormWithBillingCharge(stack, simulator, storm);
    log(`billing-charge: ${billingCharge.count.charges} charges`);
    const year = await liveMonths({
      stack,
      simulator,
      subscribers,
      months,
      runners: CALM_RUNNERS,
      declinesEach: DECLINES_EACH,
      random,
      faults: { ...faults, latencyMilliseconds: 0 },
      onMonth: (month) => log(`month ${month} of ${months} is paid`),
    });
    const verdict = await judge(stack, simulator, {
      subscriptionIds: subscribers.map((one) => one.subscriptionId),
      months: months + 1,
    });
    return { naive, naiveAlone, billingCharge, year, verdict };
  } finally {
    await stack.stop();
  }
}
