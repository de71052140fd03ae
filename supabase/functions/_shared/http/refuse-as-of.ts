import type { Config } from "../config/config.ts";
import { invalidField } from "./app-error.ts";

/** Refuses another time than now where money is real; @throws AppError `invalid_request`. */
export function refuseAsOfWithLiveKeys(
  { asOf }: { asOf?: string | undefined },
  { toss }: Config,
): void {
  if (asOf === undefined || toss.mode === "test") return;
  throw invalidField("asOf", "only with test keys");
}
