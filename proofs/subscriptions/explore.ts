import { createRandom } from "../support/random.ts";
import { DAY, HOUR } from "./calendar.ts";
import { live } from "./sequence.ts";
import { type Finding, shrink } from "./shrink.ts";
import type { FinalAction } from "./state.ts";
import { makeSteps, type Step } from "./steps.ts";
import { World } from "./world.ts";

/** Which lives are lived. */
export interface Exploration {
  /** The first seed; each sequence has the next one. */
  seed: number;
  sequences: number;
  steps: number;
  /** Worlds side by side, each a database of its own. */
  worlds: number;
  /** A fault to put into each database, in SQL, for trying whether it is found: the first finding ends it. @default none */
  harm?: string;
  /** Is told of every sequence that is done. @default nothing */
  onSequence?: (done: number) => void;
}

/** A sequence in which the project and the model differ, made small. */
export interface SeedFinding extends Finding {
  seed: number;
  finalAction: FinalAction;
  /** How many steps the sequence was lived before it was made small. */
  foundAfter: number;
}

/** What the lives came to. */
export interface ExplorationResult {
  findings: SeedFinding[];
  sequences: number;
  steps: number;
  milliseconds: number;
}

/** The steps of a seed, and what they begin with. */
export function planOf(seed: number, count: number) {
  const random = createRandom(seed);
  const ahead = random.integer(0, 400) * DAY + random.integer(0, 23) * HOUR;
  const finalAction: FinalAction = random.chance(0.4)
    ? "keep_past_due"
    : "cancel";
  return { setting: { ahead, finalAction }, steps: makeSteps(random, count) };
}

async function liveSeed(
  world: World,
  seed: number,
  count: number,
): Promise<SeedFinding | null> {
  const { setting, steps } = planOf(seed, count);
  const difference = await live(world, steps, setting);
  if (difference === null) return null;
  const again = (fewer: Step[]) => live(world, fewer, setting);
  const small = await shrink({ steps, difference }, again);
  const { finalAction } = setting;
  return { seed, finalAction, foundAfter: difference.step + 1, ...small };
}

/** Drives the project through random lives of one user each and compares it with the model after every step. */
export async function explore(plan: Exploration): Promise<ExplorationResult> {
  const startedAt = performance.now();
  const findings: SeedFinding[] = [];
  let next = 0;
  let done = 0;
  let steps = 0;
  const isFound = () => plan.harm !== undefined && findings.length > 0;
  const work = async () => {
    const world = await World.open(plan.harm);
    try {
      while (next < plan.sequences && !isFound()) {
        const seed = plan.seed + next++;
        const finding = await liveSeed(world, seed, plan.steps);
        steps += finding?.foundAfter ?? plan.steps;
        if (finding !== null) findings.push(finding);
        done += 1;
        plan.onSequence?.(done);
      }
    } finally {
      await world.stop();
    }
  };
  await Promise.all(Array.from({ length: plan.worlds }, work));
  return {
    findings,
    sequences: done,
    steps,
    milliseconds: performance.now() - startedAt,
  };
}

/** A finding as a person reads it. */
export function describeFinding(
  { seed, finalAction, steps, difference }: SeedFinding,
): string {
  const { what, expected, actual } = difference;
  return [
    `seed ${seed}: ${what} differs, with ${finalAction}, after`,
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    `  the model says   ${JSON.stringify(expected)}`,
    `  the project says ${JSON.stringify(actual)}`,
  ].join("\n");
}
