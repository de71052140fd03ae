import {
  type FunctionsProcess,
  type FunctionsProcessOptions,
  startFunctionsProcess,
} from "./functions-process.ts";

/** The functions process, always replaced by a new one when it ends. */
export interface FunctionsPool {
  /** The process that takes requests now; waits while it starts. */
  current(): Promise<FunctionsProcess>;
  /** SIGKILLs it; the next one takes over at once. */
  kill(): Promise<void>;
  /** As `kill`, and what takes over is loaded anew: the spare has the old code. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** What {@linkcode startFunctionsPool} needs besides the process's options. */
export interface FunctionsPoolOptions extends FunctionsProcessOptions {
  /**
   * Keeps a second, loaded process ready from the start. Without it the first
   * replacement starts cold, and the spare exists from then on.
   */
  warmSpare: boolean;
  onStart(pid: number): Promise<void>;
  onEnd(pid: number): Promise<void>;
}

class Pool implements FunctionsPool {
  #active: Promise<FunctionsProcess>;
  #spare: Promise<FunctionsProcess> | null = null;
  #stopped = false;

  constructor(readonly options: FunctionsPoolOptions) {
    this.#active = this.#start();
    if (options.warmSpare) this.#spare = this.#startSpare();
  }

  current(): Promise<FunctionsProcess> {
    return this.#active;
  }

  async kill(): Promise<void> {
    const starting = this.#active;
    const process = await starting.catch(() => null);
    this.#replace(starting);
    await process?.kill();
  }

  async reload(): Promise<void> {
    const spare = this.#spare;
    this.#spare = null;
    await this.kill();
    await spare?.then((process) => process.kill(), () => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [this.#active, ...(this.#spare ? [this.#spare] : [])];
    const processes = await Promise.allSettled(running);
    await Promise.all(
      processes.map((p) => p.status === "fulfilled" && p.value.kill()),
    );
  }

  #start(after?: Promise<unknown>): Promise<FunctionsProcess> {
    const starting = this.#launch(after);
    starting.then(
      (process) => process.ended.then(() => this.#replace(starting)),
      (error) => this.options.log(`functions: ${error.message}`),
    );
    return starting;
  }

  #startSpare(): Promise<FunctionsProcess> {
    // Two processes that start at once slow each other down.
    const spare = this.#start(this.#active);
    spare.then((process) => process.preload(), () => undefined);
    return spare;
  }

  async #launch(after?: Promise<unknown>): Promise<FunctionsProcess> {
    await after;
    const process = await startFunctionsProcess(this.options);
    await this.options.onStart(process.pid);
    process.ended.then(() => this.options.onEnd(process.pid));
    if (this.#stopped) await process.kill();
    return process;
  }

  #replace(gone: Promise<FunctionsProcess>): void {
    if (this.#stopped) return;
    if (gone === this.#active) {
      this.#active = this.#spare ?? this.#start();
      this.#spare = this.#startSpare();
    } else if (gone === this.#spare) {
      this.#spare = this.#startSpare();
    }
  }
}

/** Starts the functions process. Throws when it does not come up. */
export async function startFunctionsPool(
  options: FunctionsPoolOptions,
): Promise<FunctionsPool> {
  const pool = new Pool(options);
  await pool.current();
  return pool;
}
