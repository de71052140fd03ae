import postgres, { type Sql } from "postgres";

/** One session, and the processor time that its backend has used. */
export interface WatchedSession {
  sql: Sql;
  /** Milliseconds per call, after a warm-up that does not count. */
  cost(
    calls: number,
    call: (n: number) => Promise<unknown>,
  ): Promise<number>;
  stop(): Promise<void>;
}

const WARM_UP = 20;

function processorMilliseconds(pid: number): number {
  const [nanoseconds] = Deno.readTextFileSync(`/proc/${pid}/schedstat`)
    .split(" ");
  return Number(nanoseconds) / 1e6;
}

/**
 * Opens a session whose cost is its backend's processor time, which other work of the machine hardly changes. Only on
 * Linux, and only where Postgres runs on this machine.
 */
export async function watchSession(url: string): Promise<WatchedSession> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const pid = row?.pid ?? 0;
  return {
    sql,
    async cost(calls, call) {
      const warmUp = Math.min(WARM_UP, calls);
      for (let n = 0; n < warmUp; n++) await call(n);
      const before = processorMilliseconds(pid);
      for (let n = 0; n < calls; n++) await call(warmUp + n);
      return (processorMilliseconds(pid) - before) / calls;
    },
    stop: () => sql.end(),
  };
}
