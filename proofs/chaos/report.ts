import { figures } from "../support/markdown.ts";
import { cutName } from "./cutter.ts";
import { CUT_CHOICES } from "./plan-faults.ts";
import type { Statistics } from "./statistics.ts";

type Row = [string, number];

function byName(rows: Row[]): Row[] {
  return rows.sort(([a], [b]) => a < b ? -1 : 1);
}

function table(
  heads: [string, string],
  counts: Map<string, number>,
  order: (rows: Row[]) => Row[] = byName,
): string {
  const rows = order([...counts]);
  return figures(
    heads,
    rows.map(([name, count]) => [name, String(count)]),
  );
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
  const { scenes, atToss } = statistics;
  const last = firstSeed + runs - 1;
  const seconds = (milliseconds / Math.max(runs, 1) / 1000).toFixed(2);
  const { faults } = statistics;
  return `# Chaos report

Written by this command, not by hand:

\`\`\`sh
deno task prove chaos --runs ${runs} --first-seed ${firstSeed} --report docs/chaos-report.md
\`\`\`

\`deno task prove chaos --seed <seed>\` repeats one run.

${
    table(
      ["What", "How many"],
      new Map([
        [`runs, seeds ${firstSeed} to ${last}, ${seconds} s each`, runs],
        ["runs about payments in the window", scenes.purchase],
        ["runs about refunds", scenes.refund],
        ["runs about virtual accounts", scenes.account],
        ["orders", orders],
        ["payments opened in the window", payments],
        ["virtual accounts issued", atToss.accounts],
        ["virtual accounts paid", atToss.deposits],
        ["cash receipts issued", atToss.receipts],
        ["refunds and other cancels at Toss", atToss.refunds],
      ]),
      (rows) => rows,
    )
  }

${verdict(statistics)}

- lost: Toss took or gave back money, a webhook was answered 200, or a buyer was
  told so, and the database does not say it; the refund ledger has other
  entries, amounts or reasons than Toss's books; the shop's order hook has not
  heard of a move or a refund
- double: a payment approved twice, two payments taken or two virtual accounts
  issued for one order, two refunds made for one requestId, two live cash receipts
  of one order, a move that the order hook has handled twice
- stuck: an operation, webhook event, order or payment that the worker's next
  rounds do not end; an amount still reserved, a refund account still stored, a
  call of the order hook still owed
- wrong: a money invariant violated; a buyer or operator told what is not true:
  200 for a refund that was not made, a refusal for one that was made, two
  answers of 200 to one requestId that differ

What is tried: buyers who pay by card, more or less well; operators who refund in
parts and then the rest, at once and together too much, the same request again
and again, while somebody refunds in Toss's dashboard; virtual accounts that are
asked for again and again, some under escrow, paid, taken back by the bank, given
up, paid too late, paid while they are given up, or paid without a webhook, and
refunded; cash receipts that come with them or are asked for by many at once,
canceled in parts, and followed through all of that. Buyers ask to give their order back, and shops
accept or refuse it, many times at once, beside all of that. Meanwhile the shop's own
order hook raises at some of its calls, or at all of them.

Toss answers any call with codes that nobody knows, or that belong to another
call, with any status, without acting, after acting, or while it goes on working.

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

## The shop's order hook

What it raised; the money stood each time, and it was called again.

${table(["Raised", "Times"], startingWith(faults, ["order hook"]))}

## Toss

${table(["Fault", "Times"], startingWith(faults, ["Toss ", "webhook "]))}

## What the callers saw

Buyers and operators (502, and 503 \`none\`: the process was killed under them;
404 and 409 also: what they ask for has not happened yet, or not any more). At
the end everything was asked for again, and an untrue answer counts as wrong
above; answers to \`cancel\` and \`virtual-account\` include those at the end.

${table(["Answer to confirm", "Times"], statistics.answers)}

${table(["Answer to cancel", "Times"], statistics.refundAnswers)}

${table(["Answer to virtual-account", "Times"], statistics.issueAnswers)}

${table(["Answer to cash-receipt", "Times"], statistics.receiptAnswers)}

${table(["Answer to withdrawal", "Times"], statistics.withdrawalAnswers)}

Toss, for its webhooks; what was not answered 200 it delivered again.

${table(["Answer to a webhook", "Times"], statistics.webhookAnswers)}
`;
}
