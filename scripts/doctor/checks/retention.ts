import type { Check } from "../context.ts";
import { ok, unchecked, warn } from "../finding.ts";

const CHECK = "retention";
const DAY_SECONDS = 86_400;

/** Housekeeping runs daily, a slice at a time; a week behind is too slow. */
const SLACK_DAYS = 7;

/** Records of contracts and payments are kept five years (전자상거래법 시행령 6조). */
const LAW_YEARS = 5;

/** What names a person goes when it is old, and not before it may. */
export const checkRetention: Check = ({ database }) => {
  if (database.outcome === "unknown") {
    return Promise.resolve([unchecked(CHECK, database.problem.check)]);
  }
  const { webhookBodyDays, personalDataYears, oldestBodySeconds } =
    database.diagnosis.retention;
  if (webhookBodyDays === null || personalDataYears === null) {
    return Promise.resolve([ok(CHECK, "housekeeping has not run yet")]);
  }
  const kept =
    `bodies of webhooks ${webhookBodyDays} days, names ${personalDataYears} years`;
  const oldestDays = Math.floor((oldestBodySeconds ?? 0) / DAY_SECONDS);
  if (oldestDays > webhookBodyDays + SLACK_DAYS) {
    return Promise.resolve([
      warn(
        CHECK,
        `${kept}; the oldest body is ${oldestDays} days old`,
        "See whether the job housekeeping runs and ends; docs/privacy.md.",
      ),
    ]);
  }
  return Promise.resolve([
    personalDataYears < LAW_YEARS
      ? warn(
        CHECK,
        `${kept}; the law keeps records of payments ${LAW_YEARS} years`,
        "Ask whoever advises you, or set RETAIN_PERSONAL_DATA_YEARS to 5; docs/privacy.md.",
      )
      : ok(CHECK, kept),
  ]);
};
