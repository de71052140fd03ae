import type { Options } from "./command.ts";
import {
  type ChaosStack,
  startChaosStack,
} from "../../../proofs/chaos/chaos-stack.ts";
import { reportPage } from "../../../proofs/chaos/report.ts";
import { describeRun, runSeed } from "../../../proofs/chaos/run.ts";
import {
  addRun,
  emptyStatistics,
  type Statistics,
} from "../../../proofs/chaos/statistics.ts";

async function runAll(
  chaos: ChaosStack,
  { runs, seed, firstSeed }: Options,
): Promise<Statistics> {
  const first = seed ?? firstSeed;
  const planned = seed === undefined ? runs : 1;
  const statistics = emptyStatistics(first);
  for (let count = 0; count < planned; count++) {
    const result = await runSeed(chaos, first + count);
    addRun(statistics, result);
    if (result.violations.length > 0 || seed !== undefined) {
      console.log(describeRun(result));
    }
    const isProgress = (count + 1) % 25 === 0 || count + 1 === planned;
    if (isProgress) console.log(progressLine(statistics, planned));
  }
  return statistics;
}

function progressLine(statistics: Statistics, planned: number): string {
  const { runs, milliseconds, violations } = statistics;
  const { lost, double, stuck, wrong } = violations;
  const average = (milliseconds / runs / 1000).toFixed(2);
  return `${runs}/${planned} runs, ${average} s each: ${lost} lost, ` +
    `${double} double, ${stuck} stuck, ${wrong} otherwise wrong`;
}

/** Makes the runs; 1 when one of them violates something. */
export async function run(options: Options): Promise<number> {
  const chaos = await startChaosStack(
    options.log ? { log: (line) => console.error(line) } : {},
  );
  try {
    const statistics = await runAll(chaos, options);
    if (options.report !== undefined) {
      await Deno.writeTextFile(options.report, reportPage(statistics));
    }
    return statistics.badSeeds.length > 0 ? 1 : 0;
  } finally {
    await chaos.stop();
  }
}
