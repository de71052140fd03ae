import type { Simulator } from "../../simulator/simulator.ts";
import { type Stack, startStack } from "../../stack/stack.ts";

/** Toss's time to answer here; a lease is 5 s longer. */
const TOSS_TIMEOUT_MILLISECONDS = 1000;

/** A stack and the simulated Toss behind it. */
export interface ProofStack {
  stack: Stack;
  simulator: Simulator;
}

/** Starts a stack whose Toss sends no webhooks, so that nothing but the runs finds out what was charged. */
export async function startProofStack(): Promise<ProofStack> {
  const stack = await startStack({
    seed: false,
    environment: { TOSS_TIMEOUT_MS: String(TOSS_TIMEOUT_MILLISECONDS) },
  });
  const { simulator } = stack;
  if (simulator === null) throw new Error("the proof needs the simulator");
  simulator.setWebhookUrls([]);
  return { stack, simulator };
}
