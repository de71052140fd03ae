/** So long a caller waits for what another one is doing, well inside the patience of a browser. */
const PATIENCE_MILLISECONDS = 15_000;

const SHORTEST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 500;

/** How a question was answered; unless it is settled, it is asked again. */
export interface Attempt<Result> {
  isSettled: boolean;
  result: Result;
}

/** An answer that need not be asked for again. */
export function settled<Result>(result: Result): Attempt<Result> {
  return { isSettled: true, result };
}

/** What tests replace. */
export interface Waiting {
  now(): number;
  pause(milliseconds: number): Promise<void>;
}

const REAL_TIME: Waiting = {
  now: () => performance.now(),
  pause: (milliseconds) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/**
 * Asks until the answer is settled or patience ends, and gives the last answer.
 *
 * The pauses double from 100 to 500 ms, each between half and the whole of it, and end after 15 s.
 */
export async function untilSettled<Result>(
  random: () => number,
  ask: () => Promise<Attempt<Result>>,
  { now, pause }: Waiting = REAL_TIME,
): Promise<Result> {
  const deadline = now() + PATIENCE_MILLISECONDS;
  let longest = SHORTEST_PAUSE_MILLISECONDS;
  while (true) {
    const { isSettled, result } = await ask();
    if (isSettled || now() >= deadline) return result;
    await pause(longest / 2 + random() * longest / 2);
    longest = Math.min(longest * 2, LONGEST_PAUSE_MILLISECONDS);
  }
}
