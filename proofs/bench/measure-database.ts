import { SUPERUSER } from "../../stack/postgres.ts";
import type { Stack } from "../../stack/stack.ts";
import { holdContest, type Rate } from "./contest.ts";
import { databaseContenders } from "./database/contenders.ts";
import { startStripeSyncEngine } from "./peers/stripe-sync-engine.ts";

const LOADS = [1, 8, 32];
/** The name of the engine among the contenders. */
export const ENGINE = "@supabase/stripe-sync-engine";

const PEER_DATABASE = "bench_peer";

/** Webhooks a second of everybody, over 1, 8 and 32 connections. */
export async function measureDatabase(
  stack: Stack,
  { calls, rounds }: { calls: number; rounds: number },
): Promise<Rate[]> {
  await stack.sql.unsafe(`create database ${PEER_DATABASE}`);
  const admin = new URL(stack.dbUrl);
  admin.username = SUPERUSER;
  admin.pathname = `/${PEER_DATABASE}`;
  const engine = await startStripeSyncEngine(ENGINE, admin.href);
  const loads = LOADS.map((connections) => ({ connections, calls }));
  const { contenders, stop } = await databaseContenders({
    admin: stack.sql,
    url: stack.dbUrl,
    calls: calls * loads.length * (rounds + 1) * 3,
  });
  try {
    return await holdContest([...contenders, engine], { rounds, loads });
  } finally {
    await stop();
    await engine.stop();
  }
}
