import assert from "node:assert/strict";
import { startProofStack } from "../../../proofs/billing/proof-stack.ts";
import { advanceUntilAllDue } from "../../../proofs/billing/subscribers.ts";
import { eventually } from "../../support/eventually.ts";
import {
  assertMonthsPaid,
  type PayingScene,
  withSubscribers,
} from "../../support/paid-months.ts";

const JOB = "tosspayments-billing";

let opened: PayingScene | undefined;
let months = 0;

Deno.test.beforeAll(async () => {
  opened = await withSubscribers(await startProofStack());
});

Deno.test.afterAll(async () => {
  await opened?.stack.stop();
});

/** A month of one subscriber's life each; the next one goes on where it ends. */
function month(
  name: string,
  body: (scene: PayingScene) => Promise<void>,
): void {
  Deno.test({
    name,
    // The stack outlives a single test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (opened === undefined) throw new Error("the stack did not start");
      await advanceUntilAllDue(opened.stack);
      months += 1;
      await body(opened);
      await assertMonthsPaid(opened, months);
      await assertOnTheirDays(opened);
    },
  });
}

/** Every period follows from the anchor, and the next one is due a month later. */
async function assertOnTheirDays({ stack }: PayingScene): Promise<void> {
  const moved = await stack.sql`
    select s.id from public.subscriptions as s
    join public.subscription_charges as c on c.subscription_id = s.id
    where c.period_start <> toss_private.period_boundary(s.anchor, 'month', 1, c.period_number)
      or s.next_charge_at is distinct from toss_private.period_boundary(s.anchor, 'month', 1, ${
    months + 1
  })`;
  assert.deepEqual([...moved], []);
}

async function answers({ stack }: PayingScene): Promise<(number | null)[]> {
  const rows = await stack.sql<{ status_code: number | null }[]>`
    select status_code from net._http_response order by id`;
  return rows.map(({ status_code }) => status_code);
}

/** A run that left something has woken another one: lets those end. */
async function quiet({ stack }: PayingScene): Promise<void> {
  await eventually("no wake-up is under way", async () => {
    await stack.functionsSettled();
    const [queue] = await stack.sql<{ isEmpty: boolean }[]>`
      select not exists (select from net.http_request_queue) as "isEmpty"`;
    return queue?.isEmpty === true;
  });
}

/** Lets pg_cron's job come due so many times at once; resolves with the status codes of the woken functions. */
async function tick(scene: PayingScene, times = 1): Promise<(number | null)[]> {
  await quiet(scene);
  const before = (await answers(scene)).length;
  await Promise.all(
    Array.from({ length: times }, () => scene.stack.runCronJob(JOB)),
  );
  await eventually(
    "the wake-ups are answered",
    async () => (await answers(scene)).length >= before + times,
  );
  await quiet(scene);
  return (await answers(scene)).slice(before, before + times);
}

async function charged({ simulator }: PayingScene): Promise<number> {
  await simulator.settle();
  return simulator.charges().length;
}

month("a tick charges everybody who is due", async (scene) => {
  assert.deepEqual(await tick(scene), [200]);
});

month(
  "a second tick in the same moment charges nobody again",
  async (scene) => {
    assert.deepEqual(await tick(scene, 2), [200, 200]);
    assert.deepEqual(await tick(scene), [200]);
  },
);

month("a tick that reaches nobody is made good by the next", async (scene) => {
  const { stack } = scene;
  const before = await charged(scene);
  const [held] = await stack.sql<{ url: string }[]>`
    select decrypted_secret as url from vault.decrypted_secrets where name = 'supabase_tosspayments_url'`;
  assert.ok(held);
  const wakeAt = (url: string) =>
    stack.sql`
      select vault.update_secret(id, ${url}) from vault.secrets where name = 'supabase_tosspayments_url'`;
  // Nobody listens on port 9 of this machine.
  await wakeAt("http://127.0.0.1:9");
  assert.deepEqual(await tick(scene), [null]);
  await wakeAt(held.url);
  assert.equal(await charged(scene), before);

  await stack.advanceClock({ minutes: 1 });
  assert.deepEqual(await tick(scene), [200]);
});

month(
  "after three days without pg_cron one tick charges the month once, for the same days",
  async (scene) => {
    const before = await charged(scene);
    await scene.stack.advanceClock({ days: 3 });
    assert.equal(await charged(scene), before);

    assert.deepEqual(await tick(scene), [200]);
  },
);

month("the month after all that is like any other", async (scene) => {
  assert.deepEqual(await tick(scene), [200]);
});
