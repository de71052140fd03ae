import { runCommand, type Values } from "./command/run-command.ts";
import { wholeNumber } from "./command/whole-number.ts";
import { HOSTED_DENO, measureBoot } from "../proofs/bench/boot.ts";
import { measureConfirm, measureWebhook } from "../proofs/bench/http.ts";
import { describeSamples } from "../proofs/bench/samples.ts";
import { measureSql } from "../proofs/bench/sql.ts";
import { readTableSizes, storageOf } from "../proofs/bench/storage.ts";
import { type Stack, startStack } from "../stack/stack.ts";

const HELP =
  `Measures this project on a stack of its own: how long functions take to boot, what a confirm
and a webhook cost, what the database alone can do, and what a payment leaves behind.

  npx -y deno task measure [options]

  --count N      calls of each kind (300)
  --senders N    calls at the same time, where not one (16)
  --help

Everything shares this machine: Postgres, the stand-ins, the simulator and the load. The figures
of HTTP are therefore those of the stand-ins; the last ones are Postgres's own.`;

interface Settings {
  count: number;
  senders: number;
}

const OPTIONS = {
  count: { type: "string", default: "300" },
  senders: { type: "string", default: "16" },
} as const;

function readSettings(values: Values<typeof OPTIONS>): Settings {
  const read = (name: keyof typeof OPTIONS, text: string) =>
    wholeNumber(name, text, { from: 1, to: 2 ** 31 - 1 });
  return {
    count: read("count", values.count),
    senders: read("senders", values.senders),
  };
}

function row(...cells: string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

async function printBoot(): Promise<void> {
  for (const [name, samples] of await measureBoot()) {
    const [median = "", slowest = ""] = describeSamples(samples);
    row(`boot of ${name}, Deno ${HOSTED_DENO}`, median, slowest, "–");
  }
}

/** Confirms, with the webhooks that Toss sends for them, and what both leave in the database. */
async function printConfirms(
  stack: Stack,
  { count, senders }: Settings,
): Promise<void> {
  const before = await readTableSizes(stack);
  const kinds = new Set([1, senders]);
  for (const atOnce of kinds) {
    const found = await measureConfirm(stack, { count, senders: atOnce });
    row(`confirm, ${atOnce} at a time`, ...describeSamples(found));
  }
  await stack.simulator?.settle();
  await stack.functionsSettled();
  const { bytesPerPayment, largest } = storageOf(
    before,
    await readTableSizes(stack),
    kinds.size * count,
  );
  const shares = largest.map(({ table, share }) =>
    `${table} ${(share * 100).toFixed(0)} %`
  );
  row(
    `storage of a payment, indexes included: ${shares.join(", ")}`,
    `${(bytesPerPayment / 1024).toFixed(1)} KiB`,
    "–",
    "–",
  );
}

async function printWebhooks(
  stack: Stack,
  { count, senders }: Settings,
): Promise<void> {
  for (const atOnce of new Set([1, senders])) {
    const found = await measureWebhook(stack, { count, senders: atOnce });
    row(
      `webhook until its 200, ${atOnce} at a time`,
      ...describeSamples(found),
    );
  }
}

async function printSql(
  stack: Stack,
  { count, senders }: Settings,
): Promise<void> {
  for (const atOnce of new Set([1, senders])) {
    const { confirm, webhook } = await measureSql(stack, {
      count,
      senders: atOnce,
    });
    row(`SQL of a confirm, ${atOnce} at a time`, ...describeSamples(confirm));
    row(`SQL of a webhook, ${atOnce} at a time`, ...describeSamples(webhook));
  }
}

async function run(settings: Settings): Promise<number> {
  row("What", "Median", "95 %", "Rate");
  row("---", "---:", "---:", "---:");
  await printBoot();
  const stack = await startStack();
  try {
    await printConfirms(stack, settings);
    await printWebhooks(stack, settings);
    await printSql(stack, settings);
  } finally {
    await stack.stop();
  }
  return 0;
}

await runCommand({
  name: "measure",
  help: HELP,
  options: OPTIONS,
  run: (values) => run(readSettings(values)),
});
