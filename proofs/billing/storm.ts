import type { Random } from "../support/random.ts";
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

/** So many milliseconds after the start of a run its SIGKILL comes; a run with much to do takes longer. */
const KILL_AFTER = { minimum: 20, maximum: 600 };

/** Chooses the runners that are killed in a round, and when: their share as nearly as whole runners allow. */
function planKills(
  runners: Runner[],
  { kills, random }: Pick<StormPlan, "kills" | "random">,
): Map<Runner, number> {
  const share = runners.length * kills;
  const whole = Math.floor(share);
  const victims = whole + (random.chance(share - whole) ? 1 : 0);
  const left = [...runners];
  const planned = new Map<Runner, number>();
  while (planned.size < victims) {
    const [victim] = left.splice(random.integer(0, left.length - 1), 1);
    if (victim === undefined) break;
    const { minimum, maximum } = KILL_AFTER;
    planned.set(victim, random.integer(minimum, maximum));
  }
  return planned;
}

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
  const { startRunner } = plan;
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
      const killAfter = planKills(alive, plan);
      const startedAt = performance.now();
      const ends = await Promise.all(
        alive.map(async (runner) => ({
          runner,
          isAlive: await runAndKill(runner, killAfter.get(runner) ?? null),
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
