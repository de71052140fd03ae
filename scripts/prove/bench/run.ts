import type { Options } from "./command.ts";
import { PARTS } from "./command.ts";
import { measureBoot } from "../../../proofs/bench/boot.ts";
import { measureCharges } from "../../../proofs/bench/charges.ts";
import {
  rateOf,
  type Spread,
  spreadOf,
} from "../../../proofs/bench/contest.ts";
import { BARE, OURS } from "../../../proofs/bench/database/contenders.ts";
import { measureCalls } from "../../../proofs/bench/database/measure-calls.ts";
import {
  applyWebhook,
  confirmPayment,
  placeOrder,
  receiveWebhook,
} from "../../../proofs/bench/database/payment.ts";
import { measureGrowth } from "../../../proofs/bench/growth.ts";
import { measureConfirm, measureWebhook } from "../../../proofs/bench/http.ts";
import {
  ENGINE,
  measureDatabase,
} from "../../../proofs/bench/measure-database.ts";
import { measureProcess } from "../../../proofs/bench/process.ts";
import {
  asMarkdown,
  type Part,
  rig,
  told,
} from "../../../proofs/bench/report.ts";
import { describeSamples } from "../../../proofs/bench/samples.ts";
import { measureStart } from "../../../proofs/bench/start.ts";
import { readTableSizes, storageOf } from "../../../proofs/bench/storage.ts";
import { type Stack, startStack } from "../../../stack/stack.ts";

type Name = typeof PARTS[number];

const QUICK: readonly Name[] = ["database", "calls", "storage"];

/** Far below what a calm machine shows: a noisy one must not fail, a slip of a factor must. */
const FLOORS = { ofEngine: 0.3, ofBare: 0.1, ofNaiveLoop: 1.5, kibibytes: 11 };

async function onStack<Figures>(
  measure: (stack: Stack) => Promise<Figures>,
): Promise<Figures> {
  const stack = await startStack();
  stack.simulator?.setWebhookUrls([]);
  try {
    return await measure(stack);
  } finally {
    await stack.stop();
  }
}

async function database(
  { quick, rounds }: Options,
): Promise<Omit<Part, "name">> {
  const plan = quick ? { calls: 120, rounds: 2 } : { calls: 1000, rounds };
  const rates = await onStack((stack) => measureDatabase(stack, plan));
  const ratio = (other: string, connections: number) =>
    rateOf(rates, OURS, connections) / rateOf(rates, other, connections);
  const broken = [];
  if (ratio(ENGINE, 32) < FLOORS.ofEngine) {
    broken.push(`${ratio(ENGINE, 32).toFixed(2)} times the engine`);
  }
  if (ratio(BARE, 32) < FLOORS.ofBare) {
    broken.push(`${ratio(BARE, 32).toFixed(2)} times the bare call`);
  }
  return {
    broken,
    figures: rates,
    lines: [
      ...rates.map((rate) => ({
        what: `${rate.name}, ${rate.connections} connections`,
        value: told(rate, "/s"),
      })),
      ...[ENGINE, BARE].flatMap((other) =>
        [1, 8, 32].map((connections) => ({
          what: `this project to ${other}, ${connections} connections`,
          value: `${ratio(other, connections).toFixed(2)} times`,
        }))
      ),
    ],
  };
}

async function calls(
  { quick, rounds, count }: Options,
): Promise<Omit<Part, "name">> {
  const found = await onStack(async (stack) => {
    const each = [];
    for (let round = 0; round < (quick ? 1 : rounds); round++) {
      each.push(await measureCalls(stack, count));
    }
    return each;
  });
  const spread = (read: (one: typeof found[number]) => number): Spread =>
    spreadOf(found.map(read));
  return {
    broken: [],
    figures: found,
    lines: ([
      ["create_order", (one) => one.checkout],
      ["both calls of a confirm", (one) => one.confirm],
      ["receive_webhook_event", (one) => one.receive],
      ["apply_payment, with the webhook's end", (one) => one.apply],
    ] as [string, (one: typeof found[number]) => number][]).map((
      [what, read],
    ) => ({ what, value: told(spread(read), "ms", 2) })),
  };
}

async function storage({ count }: Options): Promise<Omit<Part, "name">> {
  const { bytesPerPayment, largest } = await onStack(async (stack) => {
    const pay = async () => {
      const payment = await placeOrder(stack.sql);
      await confirmPayment(stack.sql, payment);
      const event = await receiveWebhook(stack.sql, payment);
      await applyWebhook(stack.sql, payment, event);
    };
    await pay();
    const before = await readTableSizes(stack);
    for (let n = 0; n < count; n++) await pay();
    return storageOf(before, await readTableSizes(stack), count);
  });
  const kibibytes = bytesPerPayment / 1024;
  return {
    broken: kibibytes > FLOORS.kibibytes ? [`${kibibytes} KiB a payment`] : [],
    figures: { kibibytes, largest },
    lines: [
      {
        what: "a payment and its webhook",
        value: `${kibibytes.toFixed(1)} KiB`,
      },
      ...largest.map(({ table, share }) => ({
        what: `of which ${table}`,
        value: `${(share * 100).toFixed(0)} %`,
      })),
    ],
  };
}

async function charges({ rounds }: Options): Promise<Omit<Part, "name">> {
  const found = await measureCharges({ charges: 200, rounds });
  const broken = [];
  if (found.ratio.median < FLOORS.ofNaiveLoop) {
    broken.push(`${found.ratio.median.toFixed(1)} times the naive loop`);
  }
  const { fourRunners } = found;
  if (fourRunners.doubleCharged > 0) broken.push("charged twice");
  return {
    broken,
    figures: found,
    lines: [
      { what: "one run", value: told(found.perSecond, "/s") },
      { what: "the naive loop", value: told(found.naivePerSecond, "/s") },
      {
        what: "one run to the naive loop",
        value: told(found.ratio, "times", 1),
      },
      {
        what: "four runs over the same charges",
        value: `${
          fourRunners.perSecond.toFixed(0)
        } /s, ${fourRunners.doubleCharged} charged twice`,
      },
    ],
  };
}

async function processCosts({ count }: Options): Promise<Omit<Part, "name">> {
  const found = await measureProcess(count);
  return {
    broken: [],
    figures: found,
    lines: [
      {
        what: "a checkout and its confirm",
        value: `${found.confirm.toFixed(1)} ms`,
      },
      {
        what: "a webhook, stored and applied",
        value: `${found.webhook.toFixed(1)} ms`,
      },
      { what: "memory", value: `${found.memoryMebibytes.toFixed(0)} MiB` },
    ],
  };
}

async function stackCalls(
  { count, senders }: Options,
): Promise<Omit<Part, "name">> {
  const boots = [...await measureBoot()].map(([name, samples]) => ({
    what: `boot of ${name}`,
    value: describeSamples(samples).slice(0, 2).join(", 95 % "),
  }));
  const lines = await onStack(async (stack) => {
    const found = [];
    for (const atOnce of new Set([1, senders])) {
      const load = { count, senders: atOnce };
      for (
        const [what, measure] of [
          ["confirm", measureConfirm],
          ["webhook until its 200", measureWebhook],
        ] as const
      ) {
        const [median, slowest, rate] = describeSamples(
          await measure(stack, load),
        );
        found.push({
          what: `${what}, ${atOnce} at a time`,
          value: `${median}, 95 % ${slowest}, ${rate}`,
        });
      }
    }
    return found;
  });
  return { broken: [], figures: null, lines: [...boots, ...lines] };
}

async function start(): Promise<Omit<Part, "name">> {
  const found = await measureStart();
  return {
    broken: [],
    figures: found,
    lines: [
      {
        what: "with a new data folder",
        value: `${(found.cold / 1000).toFixed(1)} s`,
      },
      {
        what: "with the kept one",
        value: `${(found.warm / 1000).toFixed(1)} s`,
      },
    ],
  };
}

async function growth({ orders }: Options): Promise<Omit<Part, "name">> {
  const sizes = [1_000, 100_000, 1_000_000].filter((size) => size <= orders);
  const found = await onStack((stack) =>
    measureGrowth(stack, sizes, (line) => console.error(`growth: ${line}`))
  );
  return {
    broken: [],
    figures: found,
    lines: found.flatMap(({ orders, ...costs }) =>
      Object.entries(costs).map(([name, cost]) => ({
        what: `${name}, ${orders} orders`,
        value: `${cost.toFixed(2)} ms`,
      }))
    ),
  };
}

const MEASURES: Record<
  Name,
  (options: Options) => Promise<Omit<Part, "name">>
> = {
  database,
  calls,
  storage,
  charges,
  process: processCosts,
  stack: stackCalls,
  start,
  growth,
};

/** Measures what is asked for, and prints it as Markdown; 1 when a figure is below its floor. */
export async function run(options: Options): Promise<number> {
  console.log(`${rig()}\n`);
  const parts: Part[] = [];
  const names = options.only ? [options.only] : options.quick ? QUICK : PARTS;
  for (const name of names) {
    const part = { name, ...await MEASURES[name](options) };
    parts.push(part);
    console.log(asMarkdown([part]));
    for (const problem of part.broken) console.error(`${name}: ${problem}`);
  }
  if (options.json !== undefined) {
    const text = JSON.stringify({ rig: rig(), parts }, null, 2);
    await Deno.writeTextFile(options.json, `${text}\n`);
  }
  return parts.every(({ broken }) => broken.length === 0) ? 0 : 1;
}
