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

  /** Moves the clock to `time`, unless it is already later. */
  moveTo(time: number): void {
    this.#offset += Math.max(0, time - this.now());
  }

  /** Goes back to the real time. */
  reset(): void {
    this.#offset = 0;
  }
}
