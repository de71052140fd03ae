import { cutName } from "./cutter.ts";
import { CUT_CHOICES } from "./plan-faults.ts";
import type { Statistics } from "./statistics.ts";

function table(
  heads: [string, string],
  counts: Map<string, number>,
): string {
  const rows = [...counts].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, count]) => [name, String(count)]);
  const width = (column: 0 | 1) =>
    Math.max(...[heads, ...rows].map((row) => row[column]?.length ?? 0));
  const line = ([name = "", count = ""]: string[]) =>
    `| ${name.padEnd(width(0))} | ${count.padStart(width(1))} |`;
  const rule = `| ${"-".repeat(width(0))} | ${"-".repeat(width(1) - 1)}: |`;
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

function startingWith(
  counts: Map<string, number>,
  prefixes: string[],
): Map<string, number> {
  return new Map(
    [...counts].filter(([name]) =>
      prefixes.some((prefix) => name.startsWith(prefix))
    ),
  );
}

/** Every planned kill, those that did not happen with 0. */
function kills(faults: Map<string, number>): Map<string, number> {
  const names = CUT_CHOICES.map(({ point: { call }, phase }) =>
    cutName({ call, phase, nth: 1, effect: "kill" })
  );
  return new Map(names.map((name) => [name, faults.get(name) ?? 0]));
}

function verdict({ violations, badSeeds }: Statistics): string {
  const { lost, double, stuck, wrong } = violations;
  const seeds = badSeeds.length === 0
    ? ""
    : `\n\nSeeds that violated something: ${badSeeds.join(", ")}.`;
  return `**${lost} lost, ${double} double, ${stuck} stuck, ${wrong} ` +
    `otherwise wrong.**${seeds}`;
}

/** Writes the report as a Markdown page that `deno fmt` leaves as it is. */
export function reportPage(statistics: Statistics): string {
  const { firstSeed, runs, orders, payments, milliseconds } = statistics;
  const last = firstSeed + runs - 1;
  const seconds = (milliseconds / Math.max(runs, 1) / 1000).toFixed(2);
  const { faults } = statistics;
  return `# Chaos report

Written by this command, not by hand:

\`\`\`sh
deno task chaos --runs ${runs} --first-seed ${firstSeed} --report docs/chaos-report.md
\`\`\`

\`deno task chaos --seed <seed>\` repeats one run.

| Runs | Seeds | Orders | Payments | Seconds a run |
| ---- | ----- | ------ | -------- | ------------- |
| ${runs} | ${firstSeed} to ${last} | ${orders} | ${payments} | ${seconds} |

${verdict(statistics)}

- lost: Toss took or gave back money, a webhook was answered 200, or a buyer was
  told so, and the database does not say it
- double: a payment approved twice, or two payments taken for one order
- stuck: an operation, webhook event, order or payment that the worker's next
  rounds do not end
- wrong: a money invariant violated, or a buyer told what is not true

How a run works:
[decision 0002](decisions/0002-chaos-cuts-at-the-wire.md).

## Processes ended

At the call named, of the functions process: \`rest\` is a SQL function, \`toss\`
a request to Toss, \`answer\` the function's own answer.

${table(["Cut", "Times"], kills(faults))}

## Database

${
    table(
      ["Fault", "Times"],
      startingWith(faults, ["Postgres", "answer lost"]),
    )
  }

## Toss

${table(["Fault", "Times"], startingWith(faults, ["Toss ", "webhook "]))}

## What the callers saw

Buyers, while the faults lasted (502, and 503 \`none\`: the process was killed
under them). Each payment was asked for again at the end; an untrue answer
counts as wrong above.

${table(["Answer to confirm", "Times"], statistics.answers)}

Toss, for its webhooks; what was not answered 200 it delivered again.

${table(["Answer to a webhook", "Times"], statistics.webhookAnswers)}
`;
}
