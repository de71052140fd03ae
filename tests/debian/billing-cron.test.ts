import assert from "node:assert/strict";
import { startProofStack } from "../../proofs/billing/proof-stack.ts";
import { advanceUntilAllDue } from "../../proofs/billing/subscribers.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import {
  assertMonthsPaid,
  type PayingScene,
  withSubscribers,
} from "../support/paid-months.ts";
import {
  type CronScene,
  cronTests,
  ONE_TICK,
  openCronScene,
} from "./cron-scene.ts";
import { migrate } from "./project.ts";

const JOB = "tosspayments-billing";

const test = cronTests<CronScene & PayingScene>(async () => {
  const paying = await withSubscribers(await startProofStack());
  const scene = await openCronScene(paying.stack, migrate);
  // The other jobs are none of this file's business.
  await scene
    .owner`select cron.unschedule(jobname) from cron.job where jobname <> ${JOB}`;
  return { ...paying, ...scene };
});

test("a tick of pg_cron wakes billing-charge, which charges everybody who is due", async (scene) => {
  const { stack, recorder, subscribers } = scene;
  await advanceUntilAllDue(stack);
  const isWoken = () =>
    recorder.wakeUps.some(({ answer }) =>
      Object(answer.body).paid === subscribers.length
    );

  assert.ok(await waitUntil(isWoken, ONE_TICK), "nobody was woken");

  const paths = new Set(recorder.wakeUps.map(({ path }) => path));
  assert.deepEqual([...paths], ["/functions/v1/billing-charge"]);
  await assertMonthsPaid(scene, 1);
});

test("three days without pg_cron, then two ticks in the same minute: the month is charged once", async (scene) => {
  const { stack, owner, recorder, subscribers } = scene;
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
  assert.equal(paid.reduce((sum, count) => sum + count, 0), subscribers.length);
  await assertMonthsPaid(scene, 2);
});
