import type { Config } from "../config/config.ts";
import { AppError } from "./app-error.ts";

/** Refuses another time than now where money is real; @throws AppError `invalid_request`. */
export function refuseAsOfWithLiveKeys(
  { asOf }: { asOf?: string | undefined },
  { toss }: Config,
): void {
  if (asOf === undefined || toss.mode === "test") return;
  const problem = "only with test keys";
  throw new AppError("invalid_request", `asOf: ${problem}`, {
    details: [{ field: "asOf", problem }],
  });
}
