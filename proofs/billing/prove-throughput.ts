import { createRandom } from "../support/random.ts";
import { startProofStack } from "./proof-stack.ts";
import { addSubscribers, advanceUntilAllDue } from "./subscribers.ts";
import { compareThroughput, type Throughput } from "./throughput.ts";

/** How much is charged, and how long Toss takes for an answer. */
export interface ThroughputPlan {
  charges: number;
  /** Charges of the naive loop, whose rate does not depend on their number. */
  naive: number;
  latencyMilliseconds: number;
}

const PLAN: ThroughputPlan = {
  charges: 300,
  naive: 100,
  latencyMilliseconds: 50,
};

/** Compares one warm run with the naive loop, on a stack of its own. */
export async function proveThroughput(
  log: (line: string) => void = () => {},
  { charges, naive, latencyMilliseconds }: ThroughputPlan = PLAN,
): Promise<Throughput> {
  const { stack, simulator } = await startProofStack();
  try {
    const subscribers = await addSubscribers(stack, simulator, {
      count: charges,
      random: createRandom(1),
    });
    await advanceUntilAllDue(stack);
    log(`${charges} charges at ${latencyMilliseconds} ms`);
    const measured = { subscribers, naive, latencyMilliseconds };
    return await compareThroughput(stack, simulator, measured);
  } finally {
    await stack.stop();
  }
}
