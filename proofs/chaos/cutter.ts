/**
 * When a cut happens, seen from the call that the functions process makes.
 *
 * - `before` the request is not passed on
 * - `applied` the request had its effect, its answer does not come back
 * - `answered` the answer came back; for the functions' own answers only,
 *   because everywhere else it is the same as before the next call
 */
export type CutPhase = "before" | "applied" | "answered";

/**
 * What a cut does.
 *
 * - `kill` ends the functions process with SIGKILL
 * - `error` the answer does not come back, the process lives on
 * - `crash` ends Postgres without a flush and starts it again; an answer of
 *   the database does not come back, one of Toss does
 */
export type CutEffect = "kill" | "error" | "crash";

/** How the two sides of a boundary are ended. */
export interface CutHands {
  /** Resolves when the functions process has ended. */
  kill(): Promise<void>;
  /** Resolves when Postgres is up again. */
  crash(): Promise<void>;
}

/** One planned cut: at the `nth` call of that name since it was armed. */
export interface Cut {
  /** `rest.<SQL function>`, `toss.<call>` or `answer.<function>`. */
  call: string;
  phase: CutPhase;
  nth: number;
  effect: CutEffect;
}

/** Stands at every boundary between the functions process and the world. */
export interface Cutter {
  /** Plans cuts; counting starts again. */
  arm(cuts: readonly Cut[]): void;
  /** Forgets what is planned. Answers the cuts that happened. */
  disarm(): Cut[];
  /** Passes a call on, unless a cut meets it; null = no answer comes back. */
  around<Answer>(
    call: string,
    forward: () => Promise<Answer>,
  ): Promise<Answer | null>;
  /** How many calls are on their way. */
  inFlight(): number;
}

const EFFECT_NAMES: Record<CutEffect, string> = {
  kill: "kill -9",
  error: "answer lost",
  crash: "Postgres crash",
};

const PHASE_NAMES: Record<CutPhase, string> = {
  before: "before",
  applied: "after applying",
  answered: "after answering",
};

/** The name of a cut as reports and replays show it. */
export function cutName({ call, phase, effect }: Cut): string {
  return `${EFFECT_NAMES[effect]} ${PHASE_NAMES[phase]} ${call}`;
}

class WireCutter implements Cutter {
  #armed: Cut[] = [];
  #happened: Cut[] = [];
  #counts = new Map<string, number>();
  #inFlight = 0;

  constructor(readonly hands: CutHands) {}

  arm(cuts: readonly Cut[]): void {
    this.#armed = [...cuts];
    this.#happened = [];
    this.#counts.clear();
  }

  disarm(): Cut[] {
    this.#armed = [];
    return this.#happened;
  }

  inFlight(): number {
    return this.#inFlight;
  }

  async around<Answer>(
    call: string,
    forward: () => Promise<Answer>,
  ): Promise<Answer | null> {
    const count = (this.#counts.get(call) ?? 0) + 1;
    this.#counts.set(call, count);
    const planned = this.#armed.find((candidate) =>
      candidate.call === call && candidate.nth === count
    );
    this.#inFlight += 1;
    try {
      return await (planned ? this.#cut(planned, forward) : forward());
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #cut<Answer>(
    planned: Cut,
    forward: () => Promise<Answer>,
  ): Promise<Answer | null> {
    this.#happened.push(planned);
    this.#armed = this.#armed.filter((other) => other !== planned);
    if (planned.effect === "crash") return await this.#crash(planned, forward);
    const answer = planned.phase === "before" ? null : await forward();
    if (planned.effect === "kill") await this.hands.kill();
    return planned.phase === "answered" ? answer : null;
  }

  async #crash<Answer>(
    { call, phase }: Cut,
    forward: () => Promise<Answer>,
  ): Promise<Answer | null> {
    const isToss = call.startsWith("toss.");
    const answer = phase === "before" && !isToss ? null : await forward();
    // Not awaited: the functions find the database away, and try again.
    this.#inFlight += 1;
    this.hands.crash().finally(() => this.#inFlight -= 1);
    return isToss ? answer : null;
  }
}

/** Makes a cutter with nothing planned. */
export function createCutter(hands: CutHands): Cutter {
  return new WireCutter(hands);
}
