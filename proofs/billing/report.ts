import { type ClaimTimes, duePlan, fullScans } from "./claim-scale.ts";
import type { OncePlan, OnceResult } from "./prove-once.ts";
import { figures } from "../support/markdown.ts";
import { stormTable } from "./table.ts";
import type { Throughput } from "./throughput.ts";

/** A part of the report, and whether what it promises holds. */
export interface Section {
  text: string;
  holds: boolean;
}

/** A claim may take so many times as long in the largest table as in the smallest. */
const SCALE_BOUND = 2;

function command(options: string): string {
  return `\`\`\`sh\nnpx -y deno task prove billing ${options}\n\`\`\``;
}

function isOnce({ count }: OnceResult["billingCharge"], wanted: number) {
  return count.charges === wanted && count.doubleCharged === 0 &&
    count.notCharged === 0 && count.lost === 0 && count.skipped === 0;
}

/** The storm and the months after it. */
export function onceSection(plan: OncePlan, result: OnceResult): Section {
  const { naive, naiveAlone, billingCharge, year, verdict } = result;
  const { seed, subscribers, runners, months } = plan;
  const holds = isOnce(billingCharge, subscribers) &&
    verdict.problems.length === 0 &&
    verdict.paidCharges === verdict.expected &&
    verdict.takenAtToss === verdict.expected;
  const table = stormTable([
    [`naive loop, ${runners} runs overlap`, naive],
    ...(naiveAlone === null
      ? []
      : [["naive loop, one run at a time", naiveAlone]] as [
        string,
        typeof naiveAlone,
      ][]),
    [`billing-charge, ${runners} runs overlap`, billingCharge],
  ]);
  const { soft, limit, hard } = year.declines;
  const problems = verdict.problems.map((line) => `- ${line}`).join("\n") ||
    "Nothing is wrong: books and database agree, no invariant is violated.";
  return {
    holds,
    text: `## Exactly once

${
      command(
        `--only once --seed ${seed} --subscribers ${subscribers} --runs ${runners} --months ${months}`,
      )
    }

${subscribers} subscriptions are due. Each run is a process of its own. Every second
run gets a SIGKILL at a random moment, unless it is over by then, and 5 % of the
answers of the simulated Toss are lost after it has charged. Rounds of
overlapping runs follow each other until nothing is due and nothing is open.

The naive loop works on a copy of the same subscribers, with cards at another
simulated Toss that has the same faults: it selects what is due, charges each
under a new order id and Idempotency-Key, tries again when no answer comes,
writes the payment down and moves the date on.
[Its source](../proofs/billing/naive-loop.ts) is short. "Charges made" are
counted in the books of the simulated Toss.

${table}

Then ${months} more months on the virtual clock, with ${year.runs} runs, lost
answers, ${soft} soft declines, ${limit} limits, and ${hard} cards that never work
again, ${year.newCards} of which were replaced:

${
      figures(["", "Charges"], [
        ["Subscriptions × months", String(verdict.expected)],
        ["Paid in the database", String(verdict.paidCharges)],
        ["Taken by the simulated Toss", String(verdict.takenAtToss)],
      ])
    }

${problems}`,
  };
}

/** Claims in tables of different sizes. */
export function scaleSection(all: ClaimTimes[]): Section {
  const smallest = all[0];
  const largest = all.at(-1);
  const batches = [...smallest?.medians.keys() ?? []];
  const ratios = batches.map((batch) =>
    (largest?.medians.get(batch) ?? NaN) / (smallest?.medians.get(batch) ?? NaN)
  );
  const scans = all.flatMap(({ plans }) => fullScans(plans));
  const holds = scans.length === 0 &&
    ratios.every((ratio) => ratio < SCALE_BOUND);
  const rows = all.map(({ subscriptions, medians }) => [
    subscriptions.toLocaleString("en"),
    ...batches.map((batch) => (medians.get(batch) ?? NaN).toFixed(1)),
  ]);
  const sizes = all.map(({ subscriptions }) => subscriptions).join(",");
  return {
    holds,
    text: `## Claiming does not depend on the number of subscriptions

${command(`--only scale --sizes ${sizes}`)}

Median milliseconds of \`claim_due_charges\` on a Postgres of its own, each claim
with everything it writes. Every subscription has its customer, its billing
method and key, and the order, the operation and the charge of its first period.

${
      figures([
        "Subscriptions",
        ...batches.map((batch) => `Batch of ${batch}`),
      ], [...rows, ["Ratio", ...ratios.map((ratio) => ratio.toFixed(2))]])
    }

How the due ones are found among ${largest?.subscriptions.toLocaleString("en")}:

\`\`\`
${duePlan(largest?.plans ?? [])}
\`\`\`

${
      scans.length === 0
        ? "None of the statements of a claim scans a table that grows with the subscriptions."
        : `Scanned as a whole: ${scans.join(", ")}`
    }`,
  };
}

/** Charges a second. */
export function throughputSection(measured: Throughput): Section {
  const { cost, ratio, latencyMilliseconds } = measured;
  const holds = ratio > 1 && cost.tossCalls === cost.charges &&
    cost.settlements <= cost.charges;
  return {
    holds,
    text: `## Throughput

${command("--only throughput")}

One run each, Toss takes ${latencyMilliseconds} ms for an answer. Simulated Toss,
Data API, database and functions share the machine.

${
      figures(["", "Charges a second"], [
        ["naive loop, one by one", measured.naivePerSecond.toFixed(1)],
        ["billing-charge", measured.perSecond.toFixed(1)],
        ["Ratio", ratio.toFixed(1)],
      ])
    }

The run made ${cost.charges} charges with ${cost.tossCalls} calls of Toss, ${cost.settlements} calls of the
database to settle them, ${cost.claims} claims, and once ${
      cost.others.map((name) => `\`${name}\``).join(" and ")
    }.`,
  };
}

/** The whole page. */
export function reportPage(sections: string[]): string {
  return `# Proof of the recurring charges

Written by this command, not by hand:

${command("--report docs/billing-proof.md")}

The figures are those of the machine it ran on; the counts and ratios are what
matters. \`tests/proofs/billing.test.ts\`, \`tests/timing/subscriptions-scale.test.ts\`
and \`tests/timing/billing-throughput.test.ts\` ask the same in CI: the first with the same
numbers and another seed each time, the others with fewer subscriptions.

${sections.join("\n\n")}
`;
}
