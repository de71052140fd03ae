import type { Plan, WorkerJob } from "./plan.ts";
import type { Random } from "../support/random.ts";

/** What a scene plans; cuts and the moments of every scene are added to it. */
export type Story = Pick<Plan, "orders" | "refunds" | "faults" | "moments">;

/** Seconds that pass between two moments. */
const PAUSES = [3, 6, 30, 300, 1200];

/** Perhaps a pause, and perhaps the worker twice at once after it. */
export function planPause(random: Random): Plan["moments"] {
  const moments: Plan["moments"] = [];
  if (random.chance(0.4)) {
    moments.push([{ kind: "advance", seconds: random.pick(PAUSES) }]);
  }
  if (random.chance(0.3)) {
    const job = random.pick<WorkerJob>([
      "operations",
      "webhooks",
      "expiry",
      "outbox",
    ]);
    moments.push([{ kind: "work", job, copies: 2 }]);
  }
  return moments;
}
