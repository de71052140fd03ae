import type { Simulator } from "../../simulator/simulator.ts";

/** Charges with a billing key; registrations are left alone. */
const CHARGES = {
  method: "POST",
  pathPattern: "^/v1/billing/(?!authorizations)",
} as const;

/** What goes wrong; the same for everybody who is compared. */
export interface Faults {
  /** Decides which answers are lost and who is killed when. */
  seed: number;
  /** The share of the charges that Toss makes and whose answer never comes back. */
  lostAnswers: number;
  /** The share of the runs that are killed. */
  kills: number;
  /** Real milliseconds that Toss takes for an answer. */
  latencyMilliseconds: number;
}

/** Lets Toss lose its share of answers, and take its time. */
export function spoilToss(simulator: Simulator, faults: Faults): void {
  const { seed, lostAnswers, latencyMilliseconds } = faults;
  simulator.clearFaults();
  simulator.changeSettings({ latencyMilliseconds });
  if (lostAnswers === 0) return;
  simulator.addFault({
    kind: "lose_answer_after",
    ratio: lostAnswers,
    seed,
    count: "always",
    ...CHARGES,
  });
}
