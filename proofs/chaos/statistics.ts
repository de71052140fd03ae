import type { Scene } from "./plan.ts";
import type { RunResult } from "./run.ts";
import type { ViolationKind } from "./verdict.ts";

/** What many runs add up to. */
export interface Statistics {
  firstSeed: number;
  runs: number;
  /** Runs by what they are about. */
  scenes: Record<Scene, number>;
  orders: number;
  /** Opened in the payment window. */
  payments: number;
  /** What Toss did: refunds made, accounts issued, of these paid, cash receipts issued. */
  atToss: RunResult["atToss"];
  milliseconds: number;
  /** Faults that really met something, by name. */
  faults: Map<string, number>;
  /** What buyers were told, by status and result. */
  answers: Map<string, number>;
  refundAnswers: Map<string, number>;
  issueAnswers: Map<string, number>;
  receiptAnswers: Map<string, number>;
  withdrawalAnswers: Map<string, number>;
  /** Statuses that Toss was answered for webhooks. */
  webhookAnswers: Map<string, number>;
  violations: Record<ViolationKind, number>;
  /** Seeds of the runs that violated something. */
  badSeeds: number[];
}

/** Statistics of no runs yet. */
export function emptyStatistics(firstSeed: number): Statistics {
  return {
    firstSeed,
    runs: 0,
    scenes: { purchase: 0, refund: 0, account: 0 },
    orders: 0,
    payments: 0,
    atToss: { refunds: 0, accounts: 0, deposits: 0, receipts: 0 },
    milliseconds: 0,
    faults: new Map(),
    answers: new Map(),
    refundAnswers: new Map(),
    issueAnswers: new Map(),
    receiptAnswers: new Map(),
    withdrawalAnswers: new Map(),
    webhookAnswers: new Map(),
    violations: { lost: 0, double: 0, stuck: 0, wrong: 0 },
    badSeeds: [],
  };
}

function countEach(counts: Map<string, number>, names: string[]): void {
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Adds one run. */
export function addRun(statistics: Statistics, result: RunResult): void {
  const { plan, violations } = result;
  statistics.runs += 1;
  statistics.scenes[plan.scene] += 1;
  statistics.orders += plan.orders.length;
  statistics.payments += plan.orders
    .reduce((sum, { payments }) => sum + payments.length, 0);
  statistics.atToss.refunds += result.atToss.refunds;
  statistics.atToss.accounts += result.atToss.accounts;
  statistics.atToss.deposits += result.atToss.deposits;
  statistics.atToss.receipts += result.atToss.receipts;
  statistics.milliseconds += result.milliseconds;
  countEach(statistics.faults, result.faults);
  countEach(statistics.answers, result.answers);
  countEach(statistics.refundAnswers, result.refundAnswers);
  countEach(statistics.issueAnswers, result.issueAnswers);
  countEach(statistics.receiptAnswers, result.receiptAnswers);
  countEach(statistics.withdrawalAnswers, result.withdrawalAnswers);
  countEach(statistics.webhookAnswers, result.webhookAnswers.map(String));
  for (const { kind } of violations) statistics.violations[kind] += 1;
  if (violations.length > 0) statistics.badSeeds.push(plan.seed);
}
