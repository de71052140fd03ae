import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import {
  type ProofStack,
  startProofStack,
} from "../../proofs/billing/proof-stack.ts";
import {
  addSubscribers,
  advanceUntilAllDue,
  type ProofSubscriber,
} from "../../proofs/billing/subscribers.ts";
import { judge } from "../../proofs/billing/verdict.ts";
import { type NetDriver, startNet } from "../../stack/net.ts";
import { setVaultSecrets } from "../../stack/vault.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { createRandom } from "../../proofs/support/random.ts";
import { type Cluster, PG_CRON_SETTINGS, startCluster } from "./cluster.ts";
import { migrate, preparePlatform } from "./project.ts";
import {
  startWakeUpRecorder,
  type WakeUpRecorder,
} from "./wake-up-recorder.ts";

// A tick of pg_cron comes at the full minute.
const ONE_TICK = { timeoutMs: 75_000, intervalMs: 250 };
const SUBSCRIBERS = 10;
const JOB = "tosspayments-billing";

interface Scene extends ProofStack {
  /** Where the real pg_cron runs; the woken function works in the stack's own database. */
  cluster: Cluster;
  /** Client of role postgres, which owns the jobs. */
  owner: Sql;
  recorder: WakeUpRecorder;
  net: NetDriver;
  subscribers: ProofSubscriber[];
}

let opened: Scene | undefined;

async function openScene(): Promise<Scene> {
  const proof = await startProofStack();
  const { stack, simulator } = proof;
  const plan = { count: SUBSCRIBERS, random: createRandom(1) };
  const subscribers = await addSubscribers(stack, simulator, plan);
  const recorder = startWakeUpRecorder(stack.apiUrl);
  const cluster = await startCluster(PG_CRON_SETTINGS);
  await preparePlatform(cluster, "pg_cron");
  await setVaultSecrets(cluster.sql, {
    supabase_tosspayments_url: recorder.url,
    supabase_tosspayments_cron_secret: stack.cronSecret,
  });
  await migrate(cluster);
  const owner = postgres(cluster.url("postgres"), { onnotice: () => {} });
  // The other jobs are none of this file's business.
  await owner`select cron.unschedule(jobname) from cron.job where jobname <> ${JOB}`;
  const net = await startNet(cluster.sql, (line) => console.error(line));
  return { ...proof, subscribers, recorder, cluster, owner, net };
}

Deno.test.beforeAll(async () => {
  opened = await openScene();
});

Deno.test.afterAll(async () => {
  await opened?.net.stop();
  await opened?.owner.end();
  await opened?.cluster.stop();
  await opened?.recorder.stop();
  await opened?.stack.stop();
});

/** The servers outlive a single test, hence no sanitizers. */
function test(name: string, body: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (opened === undefined) throw new Error("the servers did not start");
      await body(opened);
    },
  });
}

/** Everybody has paid so many months, each of them once. */
async function assertPaidOnce(scene: Scene, months: number): Promise<void> {
  const { stack, simulator, subscribers } = scene;
  const subscriptionIds = subscribers.map((one) => one.subscriptionId);
  assert.deepEqual(
    await judge(stack, simulator, { subscriptionIds, months }),
    {
      expected: SUBSCRIBERS * months,
      paidCharges: SUBSCRIBERS * months,
      takenAtToss: SUBSCRIBERS * months,
      problems: [],
    },
  );
}

test("a tick of pg_cron wakes billing-charge, which charges everybody who is due", async (scene) => {
  const { stack, recorder } = scene;
  await advanceUntilAllDue(stack);
  const isWoken = () =>
    recorder.wakeUps.some(({ answer }) =>
      Object(answer.body).paid === SUBSCRIBERS
    );

  assert.ok(await waitUntil(isWoken, ONE_TICK), "nobody was woken");

  const paths = new Set(recorder.wakeUps.map(({ path }) => path));
  assert.deepEqual([...paths], ["/functions/v1/billing-charge"]);
  await assertPaidOnce(scene, 1);
});

test("three days without pg_cron, then two ticks in the same minute: the month is charged once", async (scene) => {
  const { stack, owner, recorder } = scene;
  await owner`select cron.unschedule(${JOB})`;
  await advanceUntilAllDue(stack);
  await stack.advanceClock({ days: 3 });
  const before = recorder.wakeUps.length;
  await owner`select toss_private.schedule_jobs()`;
  await owner`select cron.unschedule(jobname) from cron.job where jobname <> ${JOB}`;
  await owner`
    select cron.schedule('again', schedule, command) from cron.job where jobname = ${JOB}`;

  const wakeUps = () => recorder.wakeUps.slice(before);
  assert.ok(
    await waitUntil(() => wakeUps().length >= 2, ONE_TICK),
    "nobody was woken twice",
  );

  assert.deepEqual(wakeUps().map(({ answer }) => answer.status), [200, 200]);
  const paid = wakeUps().map(({ answer }) => Number(Object(answer.body).paid));
  assert.equal(paid.reduce((sum, count) => sum + count, 0), SUBSCRIBERS);
  await assertPaidOnce(scene, 2);
});
