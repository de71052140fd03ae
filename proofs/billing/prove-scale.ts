import { type ClaimTimes, measureClaims, type Scale } from "./claim-scale.ts";
import { fillSubscriptions } from "./fill-subscriptions.ts";
import { startScaleDatabase } from "./scale-database.ts";

/** Sizes of the batches that are claimed; in a batch of one, nothing hides a scan. */
const BATCHES = [100, 1];
const RUNS = 15;

/** Measures claims side by side, in a database for each of the sizes. */
export async function proveScale(
  sizes: number[],
  log: (line: string) => void = () => {},
): Promise<ClaimTimes[]> {
  await using cleanup = new AsyncDisposableStack();
  const scales: Scale[] = [];
  for (const subscriptions of sizes) {
    log(`makes ${subscriptions} subscriptions`);
    const database = await startScaleDatabase();
    cleanup.defer(() => database.stop());
    const fill = { count: subscriptions, hasHistory: true };
    await fillSubscriptions(database.sql, fill);
    scales.push({ subscriptions, database });
  }
  log("claims");
  return await measureClaims(scales, { batches: BATCHES, runs: RUNS });
}
