import assert from "node:assert/strict";
import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";

/** Calls the worker for one job, as pg_cron does. */
export function callWorker(
  shop: Shop,
  body: Record<string, unknown>,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${shop.stack.cronSecret}` };
  return callFunction(shop, "worker", { body, headers });
}

/** Runs one job that must succeed; answers its counts. */
export async function work(shop: Shop, job: string): Promise<Answer["body"]> {
  const { status, body } = await callWorker(shop, { job });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Moves the database's clock; Toss's own stays. */
export async function moveDatabaseClock(
  { stack }: Shop,
  seconds: number,
): Promise<void> {
  await stack.sql`
    update toss_private.clock
    set time_offset = time_offset + make_interval(secs => ${seconds})`;
}

/** Moves Toss's clock and the database's together. */
export async function advance({ stack }: Shop, seconds: number): Promise<void> {
  await stack.advanceClock({ seconds });
}

/** The requests about payments that Toss got, from a position of its log on. */
export function queriesSince({ simulator }: Shop, position: number): string[] {
  return simulator.requests().slice(position)
    .filter(({ method }) => method === "GET").map(({ path }) => path);
}

/** Sets the database's clock to Toss's, which keeps what earlier tests have moved it by. */
export async function alignClocks({ stack, simulator }: Shop): Promise<void> {
  await stack.sql`
    update toss_private.clock
    set time_offset = to_timestamp(${simulator.now()}::float8 / 1000) - clock_timestamp()`;
}
