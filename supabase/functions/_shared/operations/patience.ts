import type { LeasedOperation } from "../database/lease.ts";

/** Toss: an answer may take so long; after that nothing of a request is on its way any more. */
export const LONGEST_ANSWER_SECONDS = 60;

/** A key that has brought no usable answer for so long will hardly bring one. */
const PATIENCE_WITH_A_KEY_SECONDS = 2 * LONGEST_ANSWER_SECONDS;

/** Whether asking under the present Idempotency-Key alone has been tried for long enough. */
export function isTired(
  { keyAgeSeconds }: Pick<LeasedOperation, "keyAgeSeconds">,
): boolean {
  return keyAgeSeconds >= PATIENCE_WITH_A_KEY_SECONDS;
}

/**
 * Whether every try under an earlier Idempotency-Key is over: the present key was taken when the last of them was
 * answered, and that is longer ago than Toss may work on a request.
 */
export function isQuiet(
  { keyAgeSeconds }: Pick<LeasedOperation, "keyAgeSeconds">,
): boolean {
  return keyAgeSeconds >= LONGEST_ANSWER_SECONDS;
}

/** Seconds until {@linkcode isQuiet}; 0 when it is. */
export function secondsUntilQuiet(
  { keyAgeSeconds }: Pick<LeasedOperation, "keyAgeSeconds">,
): number {
  return Math.max(0, LONGEST_ANSWER_SECONDS - keyAgeSeconds);
}

/** The first pause after an attempt that brought no proof. */
const FIRST_SECONDS = 2;

/** Age raises the alarm, not the pause: Toss is asked at least this often until it proves something. */
const LONGEST_SECONDS = 600;

/**
 * Seconds until the next attempt: doubling from 2 s to 10 min, each between half and the whole of it.
 *
 * Toss refuses tight polling (FORBIDDEN_CONSECUTIVE_REQUEST), and many rows that failed together must not come
 * back together.
 */
export function retryDelaySeconds(
  attempts: number,
  random: () => number,
): number {
  const exponent = Math.min(Math.max(attempts - 1, 0), 20);
  const ceiling = Math.min(FIRST_SECONDS * 2 ** exponent, LONGEST_SECONDS);
  return ceiling / 2 + random() * ceiling / 2;
}
