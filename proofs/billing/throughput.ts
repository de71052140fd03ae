import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { startChargeRunner } from "./charge-runner.ts";
import { spoilToss } from "./faults.ts";
import { stormNaively } from "./naive-storm.ts";
import { advanceUntilAllDue, type ProofSubscriber } from "./subscribers.ts";

/** Requests that a run of `billing-charge` cost. */
export interface RunCost {
  charges: number;
  tossCalls: number;
  /** Calls of claim_due_charges. */
  claims: number;
  /** All other calls of the database that come once a charge. */
  settlements: number;
  /** Calls that come once a run. */
  others: string[];
}

/** Charges a second of `billing-charge` and of the naive loop, one run each, nothing goes wrong. */
export interface Throughput {
  latencyMilliseconds: number;
  perSecond: number;
  naivePerSecond: number;
  ratio: number;
  cost: RunCost;
}

/** Remembers where both request logs stand; the answer sums up what came after. */
function watchCost(
  { restRequests }: Stack,
  simulator: Simulator,
): (charges: number) => RunCost {
  const restBefore = restRequests.length;
  const tossBefore = simulator.requests().length;
  return (charges) => {
    const names = restRequests.slice(restBefore)
      .map(({ path }) => path.replace("/rest/v1/rpc/", ""));
    const count = (name: string) =>
      names.filter((other) => other === name).length;
    return {
      charges,
      tossCalls: simulator.requests().length - tossBefore,
      claims: count("claim_due_charges"),
      settlements: count("apply_payment"),
      others: names.filter((name) =>
        name !== "claim_due_charges" && name !== "apply_payment"
      ),
    };
  };
}

/** One run that is warm, because it is not the first; everybody must be due. */
async function runWarm(stack: Stack, simulator: Simulator) {
  const runner = await startChargeRunner(stack);
  try {
    await runner.charge();
    await advanceUntilAllDue(stack);
    const cost = watchCost(stack, simulator);
    const startedAt = performance.now();
    const answer = await runner.charge();
    const seconds = (performance.now() - startedAt) / 1000;
    const charges = Number(answer?.paid);
    return { perSecond: charges / seconds, cost: cost(charges) };
  } finally {
    await runner.kill();
  }
}

/**
 * Compares one calm run of each, at a Toss that takes its time for every answer.
 *
 * The subscribers must be due; `billing-charge` charges them all, for two months of which the second counts, the
 * naive loop a copy of some of them, because its rate does not depend on their number.
 */
export async function compareThroughput(
  stack: Stack,
  simulator: Simulator,
  { subscribers, naive, latencyMilliseconds }: {
    subscribers: ProofSubscriber[];
    /** How many the naive loop charges. */
    naive: number;
    latencyMilliseconds: number;
  },
): Promise<Throughput> {
  const calm = { seed: 1, lostAnswers: 0, kills: 0, latencyMilliseconds };
  const copied = subscribers.slice(0, naive);
  const loop = await stormNaively(stack, copied, { runners: 1, faults: calm });
  const naivePerSecond = loop.count.charges / loop.milliseconds * 1000;
  spoilToss(simulator, calm);
  const { perSecond, cost } = await runWarm(stack, simulator);
  return {
    latencyMilliseconds,
    perSecond,
    naivePerSecond,
    ratio: perSecond / naivePerSecond,
    cost,
  };
}
