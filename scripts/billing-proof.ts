import process from "node:process";
import { parseArgs } from "node:util";
import { proveOnce } from "./billing-proof/prove-once.ts";
import { proveScale } from "./billing-proof/prove-scale.ts";
import { proveThroughput } from "./billing-proof/prove-throughput.ts";
import {
  onceSection,
  reportPage,
  scaleSection,
  type Section,
  throughputSection,
} from "./billing-proof/report.ts";

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

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value < 2 ** 31) return value;
  throw new RangeError(`--${name} must be a whole number from 1`);
}

function readParts(only: string | undefined): readonly Part[] {
  const parts = PARTS.filter((part) => only === undefined || part === only);
  if (parts.length > 0) return parts;
  throw new RangeError(`--only must be one of ${PARTS.join(", ")}`);
}

function readSettings(args: string[]): Settings | null {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      seed: { type: "string", default: "1" },
      subscribers: { type: "string", default: "300" },
      runs: { type: "string", default: "8" },
      months: { type: "string", default: "12" },
      sizes: { type: "string", default: "10000,1000000" },
      report: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  return {
    parts: readParts(values.only),
    seed: wholeNumber("seed", values.seed),
    subscribers: wholeNumber("subscribers", values.subscribers),
    runners: wholeNumber("runs", values.runs),
    months: wholeNumber("months", values.months),
    sizes: values.sizes.split(",").map((text) => wholeNumber("sizes", text)),
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

async function main(): Promise<number> {
  const settings = readSettings(Deno.args);
  if (settings === null) {
    console.log(HELP);
    return 0;
  }
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

try {
  process.exitCode = await main();
} catch (error) {
  // Wrong options are the caller's mistake and need no stack trace.
  const isUsage = error instanceof RangeError || error instanceof TypeError;
  console.error(isUsage ? `${error.message}\n\n${HELP}` : error);
  process.exitCode = 2;
}
