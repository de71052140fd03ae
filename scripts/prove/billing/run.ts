import { proveOnce } from "../../../proofs/billing/prove-once.ts";
import { proveScale } from "../../../proofs/billing/prove-scale.ts";
import { proveThroughput } from "../../../proofs/billing/prove-throughput.ts";
import {
  onceSection,
  reportPage,
  scaleSection,
  type Section,
  throughputSection,
} from "../../../proofs/billing/report.ts";
import { type Options, PARTS } from "./command.ts";

async function prove(
  part: typeof PARTS[number],
  { seed, subscribers, runs: runners, months, sizes }: Options,
): Promise<Section> {
  const log = (line: string) => console.error(`${part}: ${line}`);
  switch (part) {
    case "once": {
      const storm = { seed, subscribers, runners, months };
      const plan = { ...storm, withSingleLoop: true, log };
      return onceSection(plan, await proveOnce(plan));
    }
    case "scale":
      return scaleSection(await proveScale(sizes, log));
    case "throughput":
      return throughputSection(await proveThroughput(log));
  }
}

/** Proves what is asked for; 1 when a promise does not hold. */
export async function run(options: Options): Promise<number> {
  const sections: Section[] = [];
  for (const part of options.only ? [options.only] : PARTS) {
    const section = await prove(part, options);
    console.log(`${section.text}\n`);
    sections.push(section);
  }
  if (options.report !== undefined) {
    const page = reportPage(sections.map(({ text }) => text));
    await Deno.writeTextFile(options.report, page);
  }
  return sections.every(({ holds }) => holds) ? 0 : 1;
}
