/**
 * What can go wrong with money.
 *
 * - `lost` something that happened or was promised is not in the database
 * - `double` money was taken or given back twice, an order has two payments or
 *   two accounts
 * - `stuck` something does not end by itself
 * - `wrong` anything else that must not be
 */
export type ViolationKind = "lost" | "double" | "stuck" | "wrong";

/** One thing that went wrong in a run. */
export interface Violation {
  kind: ViolationKind;
  text: string;
}

/** A violation when `condition` is met, else none. */
export function when(
  condition: boolean,
  kind: ViolationKind,
  text: string,
): Violation[] {
  return condition ? [{ kind, text }] : [];
}
