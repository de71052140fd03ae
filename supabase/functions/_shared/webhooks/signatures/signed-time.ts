import type { SignatureScheme } from "../../config/config.ts";
import { SCHEMES, TRANSMISSION_TIME } from "./schemes.ts";

// RFC 3339, as Toss writes the transmission time; what a relay writes otherwise says nothing.
const INSTANT =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** The time that a fitting signature covers; null when its scheme signs none, or nobody can read it. */
export function signedTime(
  headers: Headers,
  provenBy: SignatureScheme | null,
): string | null {
  if (provenBy === null || SCHEMES[provenBy].message !== "body-and-time") {
    return null;
  }
  const text = headers.get(TRANSMISSION_TIME) ?? "";
  const time = INSTANT.test(text) ? new Date(text) : null;
  return time === null || Number.isNaN(time.getTime())
    ? null
    : time.toISOString();
}
