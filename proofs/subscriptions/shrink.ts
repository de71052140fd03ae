import type { Difference } from "./sequence.ts";
import type { Step } from "./steps.ts";

/** Steps that end in a difference. */
export interface Finding {
  steps: Step[];
  difference: Difference;
}

/** A minute or two on an idle machine; counted, so that a busy one says the same. */
const MOST_LIVES = 400;

/**
 * Leaves out whatever is not needed for a difference: halves first, then single steps, again and again.
 *
 * @param live lives through steps anew
 */
export async function shrink(
  found: Finding,
  live: (steps: Step[]) => Promise<Difference | null>,
): Promise<Finding> {
  let lives = 0;
  const again = (steps: Step[]) => {
    lives += 1;
    return live(steps);
  };
  let best = upTo(found);
  for (let size = Math.ceil(best.steps.length / 2); lives < MOST_LIVES;) {
    const smaller = await withoutOne(best, size, again);
    if (smaller !== null) best = smaller;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
  }
  return best;
}

/** What comes after the difference is not needed. */
function upTo({ steps, difference }: Finding): Finding {
  return { steps: steps.slice(0, difference.step + 1), difference };
}

async function withoutOne(
  { steps, difference: { what } }: Finding,
  size: number,
  live: (steps: Step[]) => Promise<Difference | null>,
): Promise<Finding | null> {
  for (let from = steps.length - 1; from >= 0; from -= size) {
    const left = steps.toSpliced(Math.max(0, from - size + 1), size);
    if (left.length === steps.length || left.length === 0) continue;
    const difference = await live(left);
    if (difference?.what === what) return upTo({ steps: left, difference });
  }
  return null;
}
