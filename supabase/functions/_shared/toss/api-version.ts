import { isObject } from "./side-fields.ts";

/**
 * The API version that an answer of Toss names, `1.4` or `2024-06-01`; null when it names none, or what it names looks
 * like none. Source: Toss, 버전 정책: a shop's version is set in the developer centre, no request chooses it.
 */
export function apiVersion(answer: unknown): string | null {
  const version = isObject(answer) ? answer.version : null;
  return typeof version === "string" && /^[\w.-]{1,30}$/.test(version)
    ? version
    : null;
}
