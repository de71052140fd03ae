import {
  type Stack,
  type StackOptions,
  startStack,
} from "../../stack/stack.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import { webhookUrl } from "../../stack/webhook-url.ts";

/** A running stack and the simulated Toss it talks to. */
export interface Shop {
  stack: Stack;
  simulator: Simulator;
}

/** Starts a stack with an empty database and the example catalogue. The caller stops `stack`. */
export async function openShop(options: StackOptions = {}): Promise<Shop> {
  // Lets the same tests run the functions on the hosted runtime's version.
  const functionsDeno = Deno.env.get("FUNCTIONS_DENO");
  const stack = await startStack({
    ...(functionsDeno ? { functionsDeno } : {}),
    ...options,
  });
  const { simulator } = stack;
  if (simulator === null) {
    await stack.stop();
    throw new Error("these tests need the simulator");
  }
  return { stack, simulator };
}

/** Takes back what a test has set up at the simulator and on the clock; payments and orders stay. */
export async function calmDown({ stack, simulator }: Shop): Promise<void> {
  simulator.clearFaults();
  stack.providers?.clearFaults();
  simulator.clearWebhookKnobs();
  simulator.clearCardDeclines();
  simulator.clearChargeDeclines();
  simulator.changeSettings({
    apiVersion: "2022-11-16",
    transactionLagSeconds: 0,
  });
  simulator.setWebhookUrls([webhookUrl(stack.functionsUrl, {})]);
  await stack.resetClock();
}
