import type { Sql } from "postgres";
import { ClockRefusedError } from "../simulator/clock.ts";
import { millisecondsOf, millisecondsUntil } from "../simulator/clock-span.ts";
import type { Stack } from "./stack-types.ts";
import type { Simulator } from "./toss.ts";

/** What keeps the stack's two clocks in step. */
export type StackClock = Pick<Stack, "now" | "advanceClock" | "resetClock">;

/** What {@linkcode startClock} needs. */
export interface ClockParts {
  /** The superuser's client. */
  sql: Sql;
  simulator: Simulator | null;
  tossSecretKey: string;
  /** Resolves when the functions have worked everything off. */
  functionsSettled(): Promise<void>;
}

async function hasClock(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ exists: boolean }[]>`
    select to_regclass('toss_private.clock') is not null as exists`;
  return row?.exists ?? false;
}

async function databaseNow(sql: Sql): Promise<Date> {
  const [row] = await sql<
    { now: Date }[]
  >`select toss_private.clock_now() as now`;
  if (row === undefined) throw new Error("the database has no time");
  return row.now;
}

/** How far a kept database is ahead of the real time, in milliseconds. */
async function databaseLead(sql: Sql): Promise<number> {
  const [row] = await sql<{ milliseconds: number }[]>`
    select extract(epoch from now() + time_offset - now())::float8 * 1000
      as milliseconds
    from toss_private.clock`;
  return Math.max(0, Math.round(row?.milliseconds ?? 0));
}

/** Moves the simulator's clock, and with each of its steps the database's. */
async function advanceBoth(
  { sql, functionsSettled }: ClockParts,
  simulator: Simulator,
  milliseconds: number,
): Promise<void> {
  await simulator.advance(milliseconds, async (move) => {
    // Else work that was begun before the step would seem to last as long.
    await functionsSettled();
    await sql.begin(async (transaction) => {
      // Before the other clock moves, so that a database that is down stops both.
      await transaction`select from toss_private.clock for update`;
      const seconds = move() / 1000;
      await transaction`
        update toss_private.clock
        set time_offset = time_offset + make_interval(secs => ${seconds})`;
    });
  });
}

/** The simulator whose clock may be moved; throws `ClockRefusedError`. */
function movableSimulator(
  { simulator, tossSecretKey }: ClockParts,
  isThere: boolean,
): Simulator {
  if (!tossSecretKey.startsWith("test_")) {
    throw new ClockRefusedError("the clock moves with test keys only");
  }
  if (simulator === null) {
    throw new ClockRefusedError("the clock of another Toss cannot be moved");
  }
  if (!isThere) {
    throw new ClockRefusedError("the database has no toss_private.clock");
  }
  return simulator;
}

/**
 * Ties the simulator's clock to the database's: a kept database that is ahead
 * takes the simulator along, and the simulator's control API moves both.
 */
export async function startClock(parts: ClockParts): Promise<StackClock> {
  const { sql, simulator } = parts;
  const isThere = await hasClock(sql);
  const resetDatabase = async () => {
    if (isThere) {
      await sql`update toss_private.clock set time_offset = interval '0'`;
    }
  };
  if (isThere) await simulator?.advance(await databaseLead(sql));
  simulator?.driveClocks({
    advance: async (milliseconds) =>
      await advanceBoth(parts, movableSimulator(parts, isThere), milliseconds),
    reset: resetDatabase,
  });
  return {
    now: () => databaseNow(sql),
    async advanceClock(target) {
      const movable = movableSimulator(parts, isThere);
      const milliseconds = target instanceof Date
        ? millisecondsUntil(target, (await databaseNow(sql)).getTime())
        : millisecondsOf(target);
      await advanceBoth(parts, movable, milliseconds);
    },
    async resetClock() {
      simulator?.resetClock();
      await resetDatabase();
    },
  };
}
