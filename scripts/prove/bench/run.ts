import type { Options } from "./command.ts";
import { HOSTED_DENO, measureBoot } from "../../../proofs/bench/boot.ts";
import { measureConfirm, measureWebhook } from "../../../proofs/bench/http.ts";
import { describeSamples } from "../../../proofs/bench/samples.ts";
import { measureSql } from "../../../proofs/bench/sql.ts";
import { readTableSizes, storageOf } from "../../../proofs/bench/storage.ts";
import { type Stack, startStack } from "../../../stack/stack.ts";

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
  { count, senders }: Options,
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
  { count, senders }: Options,
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
  { count, senders }: Options,
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

/** Prints a table of what was measured. */
export async function run(settings: Options): Promise<number> {
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
