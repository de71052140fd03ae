import type { z } from "zod";
import { ERROR_CODES } from "../error-codes.ts";

/**
 * The error code of a body that does not parse: the first issue whose message
 * is a documented code, or `otherwise` when something else is wrong as well.
 */
export function refusalCodeOf(
  error: z.ZodError,
  otherwise = "INVALID_REQUEST",
): string {
  const codes = error.issues.map(({ message }) => message);
  const [first = otherwise] = codes;
  return codes.every((code) => ERROR_CODES.has(code)) ? first : otherwise;
}
