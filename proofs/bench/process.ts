import { startStack } from "../../stack/stack.ts";
import { HOSTED_DENO } from "./boot.ts";
import { measureConfirm, measureWebhook } from "./http.ts";

/** What the functions' process uses; Toss, the Data API and Postgres are others. */
export interface ProcessFigures {
  /** Processor milliseconds of one call, with what it does after its answer. */
  confirm: number;
  webhook: number;
  memoryMebibytes: number;
}

const TICK_MILLISECONDS = 10;

async function functionsPid(): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) =>
      Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
    if (!(await read("cmdline")).includes("functions-host.ts")) continue;
    if ((await read("status")).includes(`\nPPid:\t${Deno.pid}\n`)) {
      return Number(name);
    }
  }
  throw new Error("the functions' process was not found");
}

async function processorMilliseconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MILLISECONDS;
}

async function memoryMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Measures the hosted version of Deno under calls that come one after the other. Only on Linux. */
export async function measureProcess(count: number): Promise<ProcessFigures> {
  const stack = await startStack({ functionsDeno: HOSTED_DENO });
  stack.simulator?.setWebhookUrls([]);
  try {
    const load = { count, senders: 1 };
    await measureConfirm(stack, load);
    await measureWebhook(stack, load);
    const pid = await functionsPid();
    const cost = async (work: () => Promise<unknown>) => {
      const before = await processorMilliseconds(pid);
      await work();
      await stack.functionsSettled();
      return (await processorMilliseconds(pid) - before) / count;
    };
    // Its checkouts are counted as well.
    const confirm = await cost(() => measureConfirm(stack, load));
    const webhook = await cost(() => measureWebhook(stack, load));
    return { confirm, webhook, memoryMebibytes: await memoryMebibytes(pid) };
  } finally {
    await stack.stop();
  }
}
