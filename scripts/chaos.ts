import { runCommand, type Values } from "./command/run-command.ts";
import { wholeNumber } from "./command/whole-number.ts";
import {
  type ChaosStack,
  startChaosStack,
} from "../proofs/chaos/chaos-stack.ts";
import { reportPage } from "../proofs/chaos/report.ts";
import { describeRun, runSeed } from "../proofs/chaos/run.ts";
import {
  addRun,
  emptyStatistics,
  type Statistics,
} from "../proofs/chaos/statistics.ts";

const HELP = `Runs the chaos suite: kill -9, lost answers, restarts, by seed.

  npx -y deno task chaos [options]

  --runs N         how many runs (1000)
  --first-seed S   seed of the first run, the others follow (1)
  --seed S         repeats one run and prints what it plans
  --report PATH    writes the report, for example docs/chaos-report.md
  --log            prints the log of the functions
  --help

A run that violates something prints its seed, its choices and a timeline. The
exit code is 1 then.`;

interface Settings {
  runs: number;
  firstSeed: number;
  seed: number | null;
  reportPath: string | null;
  isLogged: boolean;
}

const OPTIONS = {
  "runs": { type: "string", default: "1000" },
  "first-seed": { type: "string", default: "1" },
  "seed": { type: "string" },
  "report": { type: "string" },
  "log": { type: "boolean", default: false },
} as const;

const LAST_SEED = 2 ** 32 - 1;

function readSettings(values: Values<typeof OPTIONS>): Settings {
  const seedOf = (name: "seed" | "first-seed", text: string) =>
    wholeNumber(name, text, { from: 0, to: LAST_SEED });
  const { seed } = values;
  return {
    runs: seed === undefined
      ? wholeNumber("runs", values.runs, { from: 1, to: LAST_SEED })
      : 1,
    firstSeed: seedOf("first-seed", values["first-seed"]),
    seed: seed === undefined ? null : seedOf("seed", seed),
    reportPath: values.report ?? null,
    isLogged: values.log,
  };
}

async function runAll(
  chaos: ChaosStack,
  { runs, seed, ...settings }: Settings,
): Promise<Statistics> {
  const first = seed ?? settings.firstSeed;
  const statistics = emptyStatistics(first);
  for (let count = 0; count < runs; count++) {
    const result = await runSeed(chaos, first + count);
    addRun(statistics, result);
    if (result.violations.length > 0 || seed !== null) {
      console.log(describeRun(result));
    }
    const isProgress = (count + 1) % 25 === 0 || count + 1 === runs;
    if (isProgress) console.log(progressLine(statistics, runs));
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

async function run(settings: Settings): Promise<number> {
  const log = settings.isLogged
    ? { log: (line: string) => console.error(line) }
    : {};
  const chaos = await startChaosStack(log);
  try {
    const statistics = await runAll(chaos, settings);
    if (settings.reportPath !== null) {
      await Deno.writeTextFile(settings.reportPath, reportPage(statistics));
    }
    return statistics.badSeeds.length > 0 ? 1 : 0;
  } finally {
    await chaos.stop();
  }
}

await runCommand({
  name: "chaos",
  help: HELP,
  options: OPTIONS,
  run: (values) => run(readSettings(values)),
});
