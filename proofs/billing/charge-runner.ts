import { join } from "node:path";
import { functionsEnvironment } from "../../stack/environment.ts";
import { startFunctionsProcess } from "../../stack/functions-process.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import type { Stack } from "../../stack/stack.ts";
import type { Runner } from "./storm.ts";

/** What a run of `billing-charge` answered; null when its process died. */
export type ChargeAnswer = Record<string, unknown> | null;

/** A {@linkcode Runner} that also tells what `billing-charge` answered. */
export interface ChargeRunner extends Runner {
  charge(): Promise<ChargeAnswer>;
}

async function call(
  url: string,
  cronSecret: string,
): Promise<ChargeAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${cronSecret}`,
      "content-type": "application/json",
    },
    body: "{}",
  }).catch(() => null);
  const text = await response?.text().catch(() => null) ?? null;
  if (response === null || text === null) return null;
  if (response.status === 200) return JSON.parse(text);
  throw new Error(`billing-charge answered ${response.status}: ${text}`);
}

/** Starts a process with the edge functions beside the stack's own, with `billing-charge` loaded. */
export async function startChargeRunner(
  stack: Stack,
): Promise<ChargeRunner> {
  const { apiUrl, dbUrl, cronSecret, projectVariables } = stack;
  const process = await startFunctionsProcess({
    deno: Deno.execPath(),
    lockArguments: [`--lock=${join(PROJECT_ROOT, "deno.lock")}`],
    functionsDirectory: join(PROJECT_ROOT, "supabase", "functions"),
    environment: functionsEnvironment(
      { apiUrl, databaseUrl: dbUrl, keys: stack },
      projectVariables,
      (name) => Deno.env.get(name),
    ),
    log: () => {},
  });
  const url = `http://127.0.0.1:${process.port}/billing-charge`;
  // Imports the function, so that no run begins with that.
  await (await fetch(url)).body?.cancel();
  const charge = () => call(url, cronSecret);
  return {
    pid: process.pid,
    charge,
    run: async () => await charge() !== null,
    kill: () => process.kill(),
  };
}
