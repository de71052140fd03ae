import { type ClaimTimes, measureClaims } from "./claim-scale.ts";
import { fillSubscriptions } from "./fill-subscriptions.ts";
import { startScaleDatabase } from "./scale-database.ts";

/** Sizes of the batches that are claimed; in a batch of one, nothing hides a scan. */
const BATCHES = [100, 1];
const RUNS = 15;

/** Measures claims in a database of its own, to which subscriptions are added from one size to the next. */
export async function proveScale(
  sizes: number[],
  log: (line: string) => void = () => {},
): Promise<ClaimTimes[]> {
  const database = await startScaleDatabase();
  try {
    const all: ClaimTimes[] = [];
    let present = 0;
    for (const subscriptions of sizes) {
      log(`fills the tables up to ${subscriptions} subscriptions`);
      const fill = { present, wanted: subscriptions, hasHistory: true };
      await fillSubscriptions(database.sql, fill);
      present = subscriptions;
      log("claims");
      const plan = { subscriptions, batches: BATCHES, runs: RUNS };
      all.push(await measureClaims(database, plan));
    }
    return all;
  } finally {
    await database.stop();
  }
}
