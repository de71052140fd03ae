import { createRandom, type Random } from "../support/random.ts";
import type { Cut } from "./cutter.ts";
import type { Plan, Step, WithdrawalPlan } from "./plan.ts";
import { insertStep } from "./plan-receipts.ts";

/** Choices of its own: what else a seed means stays as it was without withdrawals. */
const STREAM = 0x1d7a_0c4f;

/** The boundaries that a request about a withdrawal crosses. */
const CUT_CALLS = [
  "rest.request_withdrawal",
  "rest.decide_withdrawal",
  "rest.decide_withdrawal",
  "toss.cancel",
  "answer.withdrawal",
];

function planCut(random: Random): Cut {
  const call = random.pick(CUT_CALLS);
  const isAnswer = call.startsWith("answer.");
  return {
    call,
    phase: isAnswer ? "answered" : random.pick(["before", "applied"] as const),
    nth: random.chance(0.7) ? 1 : 2,
    effect: isAnswer || random.chance(0.8) ? "kill" : "error",
  };
}

/** What the shop does with one: mostly one mind, sometimes two at once. */
function planDecisions(random: Random, withdrawal: number): Step[] {
  const decide = (action: "accept" | "refuse"): Step => ({
    kind: "decide",
    withdrawal,
    action,
    copies: random.integer(1, 4),
  });
  return random.pick<() => Step[]>([
    () => [decide("accept")],
    () => [decide("accept"), decide("accept")],
    () => [decide("accept"), decide("accept")],
    () => [decide("refuse")],
    () => [decide("accept"), decide("refuse")],
  ])();
}

/**
 * Adds to a run about refunds or virtual accounts buyers who want to give their order back, and a shop that accepts or
 * refuses it again and again, beside whatever else gives money back.
 */
export function withWithdrawals(plan: Plan): Plan {
  if (plan.scene === "purchase") return plan;
  const random = createRandom(plan.seed ^ STREAM);
  const withdrawals: WithdrawalPlan[] = [];
  const moments = plan.moments.map((moment) => [...moment]);
  const cuts = [...plan.cuts];
  plan.orders.forEach(({ account, isOwned }, order) => {
    if (random.chance(0.5)) return;
    const withdrawal = withdrawals.push({
      order,
      isBuyers: isOwned && random.chance(0.7),
      hasAccount: account !== null && random.chance(0.85),
    }) - 1;
    const paid = moments.findIndex((moment) =>
      moment.some((step) =>
        (step.kind === "confirm" || step.kind === "deposit") &&
        step.order === order
      )
    );
    // Mostly once there is something to give back.
    const first = random.chance(0.85) ? paid + 1 : 1;
    const asked = Math.min(first + random.integer(0, 2), moments.length);
    const copies = random.integer(1, 3);
    moments.splice(asked, 0, [{ kind: "withdraw", withdrawal, copies }]);
    for (const step of planDecisions(random, withdrawal)) {
      insertStep(random, moments, step, asked + 1);
    }
    if (random.chance(0.5)) cuts.push(planCut(random));
  });
  return { ...plan, withdrawals, moments, cuts };
}
