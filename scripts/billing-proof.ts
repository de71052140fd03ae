import { proveOnce } from "../proofs/billing/prove-once.ts";
import { proveScale } from "../proofs/billing/prove-scale.ts";
import { proveThroughput } from "../proofs/billing/prove-throughput.ts";
import {
  onceSection,
  reportPage,
  scaleSection,
  type Section,
  throughputSection,
} from "../proofs/billing/report.ts";

import { runCommand, type Values } from "./command/run-command.ts";
import { UsageError } from "./command/stop-error.ts";
import { wholeNumber } from "./command/whole-number.ts";

const HELP =
  `Proves on this machine what recurring charges promise, and prints the figures.

  npx -y deno task billing-proof [options]

  once        overlapping runs that are killed and lose answers, next to a naive
              loop, then months of declines and recoveries
  scale       claiming a batch in tables of different sizes
  throughput  charges a second next to a naive loop

  --only PART        once, scale or throughput (all)
  --seed N           decides who is killed when and which answers are lost (1)
  --subscribers N    who is due in the storm (300)
  --runs N           overlapping runs, each a process of its own (8)
  --months N         months after the storm (12)
  --sizes N,N        numbers of subscriptions, rising (10000,1000000)
  --report PATH      writes the figures, for example docs/billing-proof.md
  --help

The exit code is 1 when a promise does not hold.`;

const PARTS = ["once", "scale", "throughput"] as const;
type Part = typeof PARTS[number];

interface Settings {
  parts: readonly Part[];
  seed: number;
  subscribers: number;
  runners: number;
  months: number;
  sizes: number[];
  reportPath: string | null;
}

function readParts(only: string | undefined): readonly Part[] {
  const parts = PARTS.filter((part) => only === undefined || part === only);
  if (parts.length > 0) return parts;
  throw new UsageError(`--only must be one of ${PARTS.join(", ")}`);
}

const OPTIONS = {
  only: { type: "string" },
  seed: { type: "string", default: "1" },
  subscribers: { type: "string", default: "300" },
  runs: { type: "string", default: "8" },
  months: { type: "string", default: "12" },
  sizes: { type: "string", default: "10000,1000000" },
  report: { type: "string" },
} as const;

function readSettings(values: Values<typeof OPTIONS>): Settings {
  const read = (name: keyof typeof OPTIONS, text: string) =>
    wholeNumber(name, text, { from: 1, to: 2 ** 31 - 1 });
  return {
    parts: readParts(values.only),
    seed: read("seed", values.seed),
    subscribers: read("subscribers", values.subscribers),
    runners: read("runs", values.runs),
    months: read("months", values.months),
    sizes: values.sizes.split(",").map((text) => read("sizes", text.trim())),
    reportPath: values.report ?? null,
  };
}

async function prove(part: Part, settings: Settings): Promise<Section> {
  const log = (line: string) => console.error(`${part}: ${line}`);
  switch (part) {
    case "once": {
      const plan = { ...settings, withSingleLoop: true, log };
      return onceSection(plan, await proveOnce(plan));
    }
    case "scale":
      return scaleSection(await proveScale(settings.sizes, log));
    case "throughput":
      return throughputSection(await proveThroughput(log));
  }
}

async function run(settings: Settings): Promise<number> {
  const sections: Section[] = [];
  for (const part of settings.parts) {
    const section = await prove(part, settings);
    console.log(`${section.text}\n`);
    sections.push(section);
  }
  if (settings.reportPath !== null) {
    const page = reportPage(sections.map(({ text }) => text));
    await Deno.writeTextFile(settings.reportPath, page);
  }
  return sections.every(({ holds }) => holds) ? 0 : 1;
}

await runCommand({
  name: "billing-proof",
  help: HELP,
  options: OPTIONS,
  run: (values) => run(readSettings(values)),
});
