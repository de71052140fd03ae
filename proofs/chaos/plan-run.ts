import {
  HOOK_RAISES,
  type HookPlan,
  type Plan,
  type Scene,
  type Step,
} from "./plan.ts";
import { planAccounts } from "./plan-accounts.ts";
import { CUT_CHOICES, type CutPoint, planCut } from "./plan-faults.ts";
import { planPurchases } from "./plan-purchases.ts";
import { withReceipts } from "./plan-receipts.ts";
import { planRefunds } from "./plan-refunds.ts";
import { withWithdrawals } from "./plan-withdrawals.ts";
import { createRandom, type Random } from "../support/random.ts";
import type { Story } from "./story.ts";

const SCENES: Record<
  Scene,
  (random: Random, point: CutPoint | null) => Story
> = {
  purchase: planPurchases,
  refund: planRefunds,
  account: planAccounts,
};

const SCENE_NAMES: readonly Scene[] = ["purchase", "refund", "account"];

/** Longer than Toss keeps a key, and than an account is asked about. */
const STANDSTILL_SECONDS = 16 * 24 * 3600;

function planEnd(
  random: Random,
  scene: Scene,
  point: CutPoint | null,
): Step[][] {
  const moments: Step[][] = [];
  const job = point?.needs;
  if (job === "operations" || job === "webhooks" || job === "expiry") {
    moments.push([{ kind: "advance", seconds: job === "expiry" ? 3700 : 30 }]);
    moments.push([{ kind: "work", job, copies: 2 }]);
  }
  if (scene !== "account" && random.chance(0.03)) {
    moments.push([{ kind: "advance", seconds: STANDSTILL_SECONDS }]);
  }
  return moments;
}

/** Derives a whole run from its seed, a whole number of 32 bits. */
export function planRun(seed: number): Plan {
  const random = createRandom(seed);
  // In turn and not by chance, so that consecutive seeds meet every boundary.
  const choice = CUT_CHOICES[seed % CUT_CHOICES.length];
  const scene = random.pick(choice?.point.scenes ?? SCENE_NAMES);
  const planned = random.chance(0.8) ? planCut(random, choice) : null;
  const cuts = planned ? [planned.cut] : [];
  if (random.chance(0.15)) cuts.push(planCut(random).cut);
  const point = planned?.point ?? null;
  const story = SCENES[scene](random, point);
  const moments = [...story.moments, ...planEnd(random, scene, point)];
  if (random.chance(0.04)) {
    const step: Step = { kind: "restart", crash: random.chance(0.5) };
    moments[random.integer(0, moments.length - 1)]?.push(step);
  }
  return withWithdrawals(withReceipts({
    seed,
    scene,
    cuts,
    ...story,
    moments,
    receipts: [],
    withdrawals: [],
    hook: planHook(random),
  }));
}

/** Most runs meet a hook that raises now and then, some one that always does. */
function planHook(random: Random): HookPlan {
  return {
    raises: random.pick(HOOK_RAISES),
    share: random.pick([0, 0.3, 0.3, 0.7, 1]),
  };
}
