import type { Check } from "../context.ts";
import { fail, ok, unchecked } from "../finding.ts";

/** The database can tell whose account was deleted, so that nobody's card outlives the account. */
export const checkAccounts: Check = ({ database }) => {
  const check = "accounts";
  if (database.outcome === "unknown") {
    return [unchecked(check, database.problem.check)];
  }
  const { accountAccess, owner } = database.diagnosis;
  switch (accountAccess) {
    case "readable":
      return [ok(check, "deleted accounts are noticed")];
    case "absent":
      return [ok(check, "there is no auth.users, so nobody counts as deleted")];
    case "refused":
      return [fail(
        check,
        `role ${owner} may not read auth.users, or row level security hides its rows: deleted accounts are charged on`,
        `As the owner of auth.users: grant usage on schema auth to ${owner}; grant select on auth.users to ${owner}; where row level security hides the rows, as a superuser: alter role ${owner} bypassrls;`,
      )];
  }
};
