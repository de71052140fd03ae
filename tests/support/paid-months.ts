import assert from "node:assert/strict";
import type { ProofStack } from "../../proofs/billing/proof-stack.ts";
import {
  addSubscribers,
  type ProofSubscriber,
} from "../../proofs/billing/subscribers.ts";
import { judge } from "../../proofs/billing/verdict.ts";
import { createRandom } from "../../proofs/support/random.ts";

const SUBSCRIBERS = 10;

/** A stack with subscribers who pay every month. */
export interface PayingScene extends ProofStack {
  subscribers: ProofSubscriber[];
}

/** Adds ten monthly subscribers. */
export async function withSubscribers(proof: ProofStack): Promise<PayingScene> {
  const subscribers = await addSubscribers(proof.stack, proof.simulator, {
    count: SUBSCRIBERS,
    random: createRandom(1),
  });
  return { ...proof, subscribers };
}

/** Everybody has paid so many months, each of them once. */
export async function assertMonthsPaid(
  { stack, simulator, subscribers }: PayingScene,
  months: number,
): Promise<void> {
  const subscriptionIds = subscribers.map((one) => one.subscriptionId);
  const expected = subscribers.length * months;
  assert.deepEqual(
    await judge(stack, simulator, { subscriptionIds, months }),
    { expected, paidCharges: expected, takenAtToss: expected, problems: [] },
  );
}
