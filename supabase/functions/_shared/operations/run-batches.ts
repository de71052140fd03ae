import type { Claimed } from "../database/lease.ts";

/** So many items wait for Toss at a time; its limits are per minute, ours are 2 s of CPU. */
const BATCH_SIZE = 10;

/** No batch is begun later than this after the first, well before the platform's 150 s. */
export const TIME_BUDGET_MILLISECONDS = 60_000;

/** How a run takes work and does it. */
export interface BatchRun<Item, Result> {
  limit: number;
  /** So many items are taken at once and worked on side by side. @default {BATCH_SIZE} */
  batchSize?: number;
  claim(size: number): Promise<Claimed<Item>>;
  handle(item: Item): Promise<Result>;
  /** Told of an item that could not be finished; its lease passes and it is taken again. */
  onInterrupted(item: Item, error: unknown): void;
  now?: () => number;
}

/** What a run did. `remaining` is due work that it left for the next one. */
export interface BatchResult<Result> {
  results: Result[];
  claimed: number;
  interrupted: number;
  remaining: number;
}

/**
 * Takes small batches one after the other until nothing is due, the limit is reached or the time is up.
 *
 * Only what is about to be worked on is leased, so a run that is cut holds up at most one batch for one lease.
 */
export async function runBatches<Item, Result>(
  run: BatchRun<Item, Result>,
): Promise<BatchResult<Result>> {
  const now = run.now ?? (() => performance.now());
  const batchSize = run.batchSize ?? BATCH_SIZE;
  const startedAt = now();
  const total: BatchResult<Result> = {
    results: [],
    claimed: 0,
    interrupted: 0,
    remaining: 0,
  };
  while (total.claimed < run.limit) {
    const size = Math.min(batchSize, run.limit - total.claimed);
    const { items, remaining } = await run.claim(size);
    total.claimed += items.length;
    total.remaining = remaining;
    await Promise.all(items.map(async (item) => {
      try {
        total.results.push(await run.handle(item));
      } catch (error) {
        total.interrupted += 1;
        run.onInterrupted(item, error);
      }
    }));
    const isTimeUp = now() - startedAt > TIME_BUDGET_MILLISECONDS;
    if (items.length === 0 || remaining === 0 || isTimeUp) break;
  }
  return total;
}
