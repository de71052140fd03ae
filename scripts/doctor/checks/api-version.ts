import type { Context } from "../context.ts";
import { type Finding, ok, unchecked, warn } from "../finding.ts";

/** The versions whose objects are known here. Source: Toss, 버전 정책 and release notes. */
const KNOWN = new Set([
  "1.3",
  "1.4",
  "2022-06-08",
  "2022-07-27",
  "2022-11-16",
  "2024-06-01",
]);

/** What was said longer ago says nothing about today's shop. */
const RECENT_SECONDS = 30 * 24 * 60 * 60;

/** In which API version Toss answers this shop: set per shop at Toss, chosen by no request. */
export function checkApiVersion({ database }: Context): Finding {
  const check = "toss_api_version";
  if (database.outcome === "unknown") {
    return unchecked(check, database.problem.check);
  }
  const recent = database.diagnosis.tossApiVersions
    .filter(({ secondsSince }) => secondsSince <= RECENT_SECONDS)
    .map(({ version }) => version);
  if (recent.length === 0) {
    return ok(check, "no payment in the last 30 days has told");
  }
  const detail = `Toss answers in ${recent.join(", ")}`;
  return recent.every((version) => KNOWN.has(version))
    ? ok(check, detail)
    : warn(
      check,
      `${detail}, which this release does not know`,
      "Watch the log for toss_fields_unread and look for a newer release; payments are recorded meanwhile.",
    );
}
