import type { Check } from "../context.ts";
import { ok, unchecked, warn } from "../finding.ts";

const CHECK = "holidays";
const DAY_MILLISECONDS = 86_400_000;

/** The holidays of a year are announced in the middle of the one before; time enough to add them. */
const NEAR_DAYS = 90;

/** The business days until a withdrawal is due leave out holidays that the database knows. */
export const checkHolidays: Check = ({ database }) => {
  if (database.outcome === "unknown") {
    return Promise.resolve([unchecked(CHECK, database.problem.check)]);
  }
  const { holidaysUntil, wallTime } = database.diagnosis;
  const known = holidaysUntil === null
    ? "none is known"
    : `known until ${holidaysUntil}`;
  const isNear = Date.parse(holidaysUntil ?? "1970-01-01") <
    Date.parse(wallTime) + NEAR_DAYS * DAY_MILLISECONDS;
  return Promise.resolve([
    isNear
      ? warn(
        CHECK,
        `${known}; withdrawals after that are due as if there were none`,
        "Add Korea's public holidays of the next year to toss_private.holidays; docs/withdrawals.md says how.",
      )
      : ok(CHECK, known),
  ]);
};
