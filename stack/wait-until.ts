/** What {@linkcode waitUntil} needs besides the question. */
export interface WaitOptions {
  /** Gives up after this many milliseconds. */
  timeoutMs: number;
  /** Milliseconds between two questions. @default 25 */
  intervalMs?: number;
}

/**
 * Asks again and again until the answer is yes.
 *
 * For states of other processes, which announce no change. Returns false when
 * the time is over first.
 */
export async function waitUntil(
  question: () => boolean | Promise<boolean>,
  options: WaitOptions,
): Promise<boolean> {
  const end = Date.now() + options.timeoutMs;
  while (!(await question())) {
    if (Date.now() >= end) return false;
    await new Promise((resolve) =>
      setTimeout(resolve, options.intervalMs ?? 25)
    );
  }
  return true;
}
