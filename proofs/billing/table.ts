import { figures } from "../support/markdown.ts";
import type { StormResult } from "./storm.ts";

/** What became of the same month, side by side. */
export function stormTable(storms: [name: string, StormResult][]): string {
  return figures(
    [
      "",
      "Charges made",
      "Charged twice or more",
      "Not charged",
      "Unknown to the database",
      "Next month skipped",
      "Runs",
      "Killed",
    ],
    storms.map(([name, { count, runs, kills }]) => [
      name,
      String(count.charges),
      String(count.doubleCharged),
      String(count.notCharged),
      String(count.lost),
      String(count.skipped),
      String(runs),
      String(kills),
    ]),
  );
}
