import type { Random } from "../../tests/chaos/random.ts";
import type { Count } from "./count.ts";

/** A storm and what it left. */
export interface StormResult extends StormReport {
  count: Count;
}

/** A process of its own that charges what is due, once for each call of `run`. */
export interface Runner {
  pid: number;
  /** Resolves when the run is over, true, or the process is dead, false. */
  run(): Promise<boolean>;
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
}

/** What {@linkcode storm} needs. */
export interface StormPlan {
  /** So many runs overlap. */
  runners: number;
  /** Starts a process that is ready to run. */
  startRunner(): Promise<Runner>;
  /** The share of the runs that are killed. */
  kills: number;
  random: Random;
  /** Whether nothing is left to do; asked between rounds, when nobody runs. */
  isOver(): Promise<boolean>;
}

/** What happened in a storm. */
export interface StormReport {
  rounds: number;
  runs: number;
  /** Runs that SIGKILL ended before they were over. */
  kills: number;
  /** How long the rounds took, without the starts of processes. */
  milliseconds: number;
}

const MAXIMUM_ROUNDS = 40;

/** Where in a run a SIGKILL comes: soon after its start, or well into it. */
const KILL_AFTER = { minimum: 20, maximum: 1500 };

/** Runs once; a planned SIGKILL comes in the middle, unless the run is over by then. */
async function runAndKill(
  runner: Runner,
  killAfter: number | null,
): Promise<boolean> {
  const timer = killAfter === null
    ? undefined
    : setTimeout(() => void runner.kill(), killAfter);
  try {
    return await runner.run();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets runs in processes of their own overlap and kills some of them, round after round, until nothing is left.
 *
 * Who is killed, and how long after the start of a run, follows from `random`. A dead process is replaced before the
 * next round. Throws when nothing comes to an end.
 */
export async function storm(plan: StormPlan): Promise<StormReport> {
  const { random, startRunner } = plan;
  const report: StormReport = {
    rounds: 0,
    runs: 0,
    kills: 0,
    milliseconds: 0,
  };
  let alive: Runner[] = [];
  try {
    do {
      if (report.rounds === MAXIMUM_ROUNDS) throw new Error("it never ends");
      const missing = plan.runners - alive.length;
      alive.push(
        ...await Promise.all(Array.from({ length: missing }, startRunner)),
      );
      const started = alive.map((runner) => ({
        runner,
        killAfter: random.chance(plan.kills)
          ? random.integer(KILL_AFTER.minimum, KILL_AFTER.maximum)
          : null,
      }));
      const startedAt = performance.now();
      const ends = await Promise.all(
        started.map(async ({ runner, killAfter }) => ({
          runner,
          isAlive: await runAndKill(runner, killAfter),
        })),
      );
      alive = ends.filter(({ isAlive }) => isAlive).map(({ runner }) => runner);
      report.milliseconds += performance.now() - startedAt;
      report.rounds += 1;
      report.runs += ends.length;
      report.kills += ends.length - alive.length;
    } while (!await plan.isOver());
    return report;
  } finally {
    await Promise.all(alive.map((runner) => runner.kill()));
  }
}
