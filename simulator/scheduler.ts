import type { ClockStep, VirtualClock } from "./clock.ts";

interface Task {
  dueAt: number;
  run: () => void;
}

// setTimeout takes 31 bits; a longer wait is simply armed again.
const LONGEST_TIMER = 2 ** 31 - 1;

const moveAlone: ClockStep = (move) => {
  move();
  return Promise.resolve();
};

/**
 * Runs work at moments of the virtual clock: by itself as real time passes,
 * and at once, in order, when the clock is advanced.
 */
export class Scheduler {
  readonly #clock: VirtualClock;
  readonly #running = new Set<Promise<void>>();
  #tasks: Task[] = [];
  #advancing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /**
   * Plans `run` for the virtual time `dueAt` (milliseconds since the epoch).
   * The returned function takes the plan back.
   */
  at(dueAt: number, run: () => void): () => void {
    const task = { dueAt, run };
    this.#tasks.push(task);
    this.#tasks.sort((first, second) => first.dueAt - second.dueAt);
    this.#arm();
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
      this.#arm();
    };
  }

  /** Remembers unfinished work, so that `settle` and `advance` wait for it. */
  track(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }

  /** Waits until no tracked work is running. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * Moves the clock forward and runs what becomes due, each task at its own
   * moment and after the work of the one before, so that retries planned
   * within the span also happen. `step` surrounds every move of the clock.
   * Who asks meanwhile waits for the first move to end.
   */
  async advance(milliseconds: number, step = moveAlone): Promise<void> {
    const turn = this.#advancing
      .then(() => this.#advance(milliseconds, step))
      .finally(() => this.#arm());
    this.#advancing = turn.catch(() => undefined);
    await turn;
  }

  async #advance(milliseconds: number, step: ClockStep): Promise<void> {
    // First, so that a retry is planned before the span to its moment begins.
    await this.settle();
    const target = this.#clock.now() + milliseconds;
    for (
      let task = this.#tasks[0];
      task !== undefined && task.dueAt <= target;
      task = this.#tasks[0]
    ) {
      const { dueAt } = task;
      await step(() => this.#clock.moveTo(dueAt));
      // Meanwhile its plan may have been taken back.
      if (this.#take(task)) task.run();
      await this.settle();
    }
    await step(() => this.#clock.moveTo(target));
  }

  /** Forgets everything planned. */
  clear(): void {
    this.#tasks = [];
    clearTimeout(this.#timer);
  }

  #take(task: Task): boolean {
    const isPlanned = this.#tasks.includes(task);
    this.#tasks = this.#tasks.filter((other) => other !== task);
    return isPlanned;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#tasks[0];
    if (next === undefined) return;
    const wait = Math.max(0, next.dueAt - this.#clock.now());
    this.#timer = setTimeout(
      () => this.#runDue(),
      Math.min(wait, LONGEST_TIMER),
    );
  }

  #runDue(): void {
    for (
      let task = this.#tasks[0];
      task !== undefined && task.dueAt <= this.#clock.now();
      task = this.#tasks[0]
    ) {
      this.#tasks.shift();
      task.run();
    }
    this.#arm();
  }
}
