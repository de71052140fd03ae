import postgres, { type Sql } from "postgres";
import { type NetDriver, startNet } from "../../stack/net.ts";
import { SUPERUSER } from "../../stack/postgres.ts";
import type { Stack } from "../../stack/stack.ts";
import { setVaultSecrets } from "../../stack/vault.ts";
import { type Cluster, PG_CRON_SETTINGS, startCluster } from "./cluster.ts";
import { preparePlatform } from "./project.ts";
import {
  startWakeUpRecorder,
  type WakeUpRecorder,
} from "./wake-up-recorder.ts";

/** A tick of pg_cron comes at the full minute. */
export const ONE_TICK = { timeoutMs: 75_000, intervalMs: 250 };

/** The real pg_cron beside a stack whose functions it wakes. */
export interface CronScene {
  cluster: Cluster;
  /** Client of role postgres, which owns the jobs. */
  owner: Sql;
  /** Another database, where the woken functions work. */
  stack: Stack;
  recorder: WakeUpRecorder;
  net: NetDriver;
}

/** Starts the cluster of a stack; `migrate` makes the project's objects in it. */
export async function openCronScene(
  stack: Stack,
  migrate: (cluster: Cluster) => Promise<unknown>,
): Promise<CronScene> {
  const recorder = startWakeUpRecorder(stack.apiUrl);
  const cluster = await startCluster(PG_CRON_SETTINGS);
  await preparePlatform(cluster, "pg_cron");
  await setVaultSecrets(cluster.sql, {
    supabase_tosspayments_url: recorder.url,
    supabase_tosspayments_cron_secret: stack.cronSecret,
  });
  await migrate(cluster);
  const owner = postgres(cluster.url("postgres"), { onnotice: () => {} });
  const net = await startNet({
    sql: cluster.sql,
    databaseUrl: cluster.url(SUPERUSER),
  }, (line) => console.error(line));
  return { stack, recorder, cluster, owner, net };
}

/** Registers tests on a scene that is opened before the first and stopped after the last. */
export function cronTests<Scene extends CronScene>(
  open: () => Promise<Scene>,
): (name: string, body: (scene: Scene) => Promise<void>) => void {
  let opened: Scene | undefined;
  Deno.test.beforeAll(async () => {
    opened = await open();
  });
  Deno.test.afterAll(async () => {
    await opened?.net.stop();
    await opened?.owner.end();
    await opened?.cluster.stop();
    await opened?.recorder.stop();
    await opened?.stack.stop();
  });
  return (name, body) =>
    Deno.test({
      name,
      // The servers outlive a single test.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        if (opened === undefined) throw new Error("the servers did not start");
        await body(opened);
      },
    });
}
