import { startChargeRunner } from "../billing/charge-runner.ts";
import { countMonth } from "../billing/count.ts";
import { spoilToss } from "../billing/faults.ts";
import { startProofStack } from "../billing/proof-stack.ts";
import { proveThroughput } from "../billing/prove-throughput.ts";
import { addSubscribers, advanceUntilAllDue } from "../billing/subscribers.ts";
import { createRandom } from "../support/random.ts";
import { type Spread, spreadOf } from "./contest.ts";

const LATENCY_MILLISECONDS = 50;
const RUNNERS = 4;

/** Due charges at a Toss that takes its time. */
export interface ChargeFigures {
  perSecond: Spread;
  naivePerSecond: Spread;
  ratio: Spread;
  /** Four runs over the same due charges. */
  fourRunners: { perSecond: number; doubleCharged: number; charges: number };
}

async function runFour(charges: number): Promise<ChargeFigures["fourRunners"]> {
  const { stack, simulator } = await startProofStack();
  try {
    await addSubscribers(stack, simulator, {
      count: charges,
      random: createRandom(1),
    });
    await advanceUntilAllDue(stack);
    spoilToss(simulator, {
      seed: 1,
      lostAnswers: 0,
      kills: 0,
      latencyMilliseconds: LATENCY_MILLISECONDS,
    });
    const runners = await Promise.all(
      Array.from({ length: RUNNERS }, () => startChargeRunner(stack)),
    );
    try {
      const startedAt = performance.now();
      await Promise.all(runners.map((runner) => runner.charge()));
      const seconds = (performance.now() - startedAt) / 1000;
      const payments = await stack.sql<{ payment_key: string }[]>`
        select payment_key from public.payments`;
      const month = countMonth(simulator.books(), charges, {
        paymentKeys: new Set(payments.map(({ payment_key }) => payment_key)),
        skipped: 0,
      });
      return {
        perSecond: month.charges / seconds,
        doubleCharged: month.doubleCharged,
        charges: month.charges,
      };
    } finally {
      await Promise.all(runners.map((runner) => runner.kill()));
    }
  } finally {
    await stack.stop();
  }
}

/** Charges a second of one run and of the naive loop in turn, and whether four runs charge anybody twice. */
export async function measureCharges(
  { charges, rounds }: { charges: number; rounds: number },
): Promise<ChargeFigures> {
  const found = [];
  for (let round = 0; round < rounds; round++) {
    found.push(
      await proveThroughput(() => {}, {
        charges,
        naive: Math.min(charges, 30),
        latencyMilliseconds: LATENCY_MILLISECONDS,
      }),
    );
  }
  return {
    perSecond: spreadOf(found.map(({ perSecond }) => perSecond)),
    naivePerSecond: spreadOf(found.map((one) => one.naivePerSecond)),
    ratio: spreadOf(found.map(({ ratio }) => ratio)),
    fourRunners: await runFour(charges),
  };
}
