/**
 * A clock that runs with the real one and can be moved forward.
 * Every time the simulator writes, and every deadline, is taken from it.
 */
export class VirtualClock {
  #offset = 0;

  /** The current virtual time in milliseconds since the Unix epoch. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** Moves the clock to `time`, unless it is already later; how far, in milliseconds. */
  moveTo(time: number): number {
    const moved = Math.max(0, time - this.now());
    this.#offset += moved;
    return moved;
  }

  /** Goes back to the real time. */
  reset(): void {
    this.#offset = 0;
  }
}

/**
 * Surrounds one move of the clock. It must call `move` once, which answers how
 * many milliseconds the clock went forward; other clocks can do the same.
 */
export type ClockStep = (move: () => number) => Promise<void>;

/** What moves this clock together with others; times in milliseconds. */
export interface ClockDriver {
  advance(milliseconds: number): Promise<void>;
  /** Puts the others back to the real time. */
  reset(): Promise<void>;
}

/** The clock may not be moved here; the message says why. */
export class ClockRefusedError extends Error {
  override name = "ClockRefusedError";
}
