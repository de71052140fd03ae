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
