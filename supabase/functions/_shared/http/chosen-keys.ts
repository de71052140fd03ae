import type { ChosenKeys } from "../toss/key-pairs.ts";
import { AppError } from "./app-error.ts";

/**
 * The key pair that serves a request.
 *
 * @throws AppError `not_configured`, naming the variables, when none does
 */
export function requireKeys(
  chosen: ChosenKeys,
): Extract<ChosenKeys, { ok: true }> {
  if (chosen.ok) return chosen;
  const named = chosen.problems.map(({ variable, problem }) =>
    `${variable} ${problem}`
  );
  throw new AppError("not_configured", named.join("; "), {
    details: chosen.problems.map(({ variable, problem }) => ({
      field: variable,
      problem,
    })),
  });
}
