import { UsageError } from "./stop-error.ts";

/**
 * Reads an option that is a whole number.
 *
 * @throws UsageError when it is none, or out of range
 */
export function wholeNumber(
  option: string,
  text: string,
  { from, to }: { from: number; to: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  const range = to < 2 ** 31 ? `from ${from} to ${to}` : `from ${from}`;
  throw new UsageError(`--${option} must be a whole number ${range}`);
}
