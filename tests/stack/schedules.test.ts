import assert from "node:assert/strict";
import postgres from "postgres";
import { isDue } from "../../stack/cron-schedule.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { withStack } from "./project-fixture.ts";

const FILES = {
  functions: {
    "tick": `
      export default {
        fetch: async (request: Request) =>
          Response.json({
            secret: request.headers.get("authorization"),
            body: await request.json(),
          }),
      };`,
    "slow": "export default { fetch: () => new Promise(() => {}) };",
  },
  migrations: {
    "20260101000000_schedule.sql": `
      select cron.schedule('tick', '1 seconds', $job$
        select net.http_post(
          url := (select decrypted_secret from vault.decrypted_secrets
            where name = 'supabase_tosspayments_url') || '/functions/v1/tick',
          headers := jsonb_build_object('Authorization', 'Bearer ' || (
            select decrypted_secret from vault.decrypted_secrets
            where name = 'supabase_tosspayments_cron_secret')),
          body := '{"job": "tick"}',
          params := '{"a b": "ü&"}'
        )
      $job$);
      select cron.schedule('broken', '0 0 1 1 *', 'select 1 / 0');
    `,
  },
};

Deno.test("a scheduled job calls a function through pg_net and the Vault", async () => {
  await withStack({ files: FILES, options: { cron: true } }, async (stack) => {
    const { sql } = stack;
    const answers = () => sql`select * from net._http_response order by id`;
    assert.ok(
      await waitUntil(async () => (await answers()).length > 0, {
        timeoutMs: 120_000,
      }),
    );
    const [answer] = await answers();
    assert.equal(answer?.status_code, 200);
    assert.deepEqual(JSON.parse(answer?.content), {
      secret: `Bearer ${stack.cronSecret}`,
      body: { job: "tick" },
    });
    const [run] = await sql`
      select status, username, return_message from cron.job_run_details
      where command like '%http_post%' and status <> 'running' limit 1`;
    assert.deepEqual(run, {
      status: "succeeded",
      username: "postgres",
      return_message: "1 row",
    });
  });
});

Deno.test("runCronJob() records a failing job", async () => {
  await withStack({ files: FILES }, async (stack) => {
    await stack.runCronJob("broken");
    const [run] = await stack.sql`
      select status, return_message from cron.job_run_details`;
    assert.deepEqual(run, {
      status: "failed",
      return_message: "ERROR:  division by zero",
    });
    await assert.rejects(stack.runCronJob("unknown"), /no cron job unknown/);
  });
});

Deno.test("cron.schedule() replaces a job of the same name and user only", async () => {
  await withStack({ files: FILES }, async ({ sql, dbUrl }) => {
    const owner = postgres(dbUrl, { max: 1 });
    await owner`select cron.schedule('tick', '*/5 * * * *', 'select 2')`;
    await sql`select cron.schedule('tick', '*/7 * * * *', 'select 3')`;
    const jobs = await sql`
      select username, schedule from cron.job where jobname = 'tick'
      order by username`;
    assert.deepEqual([...jobs], [
      { username: "postgres", schedule: "*/5 * * * *" },
      { username: "supabase_admin", schedule: "*/7 * * * *" },
    ]);
    await owner`select cron.unschedule('tick')`;
    await assert.rejects(owner`select cron.unschedule('tick')`);
    await assert.rejects(owner`select cron.schedule('x', 'often', 'select 1')`);
    await owner.end();
  });
});

Deno.test("a request that takes too long is given up and not repeated", async () => {
  await withStack({ files: FILES }, async ({ sql, functionsUrl }) => {
    await sql`select net.http_post(
      ${`${functionsUrl}/slow`}, timeout_milliseconds => 100)`;
    const answers = () =>
      sql`select timed_out, status_code
      from net._http_response`;
    assert.ok(
      await waitUntil(async () => (await answers()).length > 0, {
        timeoutMs: 120_000,
      }),
    );
    assert.deepEqual([...await answers()], [
      { timed_out: true, status_code: null },
    ]);
    const queue = await sql`select from net.http_request_queue`;
    assert.equal(queue.length, 0);
  });
});

Deno.test("isDue() follows pg_cron's schedules in UTC", () => {
  const due = (schedule: string, after: string, until: string) =>
    isDue(schedule, new Date(after), new Date(until));
  assert.equal(
    due("*/5 * * * *", "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z"),
    true,
  );
  assert.equal(
    due("*/5 * * * *", "2026-01-01T00:05:00Z", "2026-01-01T00:09:59Z"),
    false,
  );
  assert.equal(
    due("0 15 $ * *", "2026-02-28T14:59:00Z", "2026-02-28T15:00:00Z"),
    true,
  );
  assert.equal(
    due("0 15 $ * *", "2026-02-27T14:59:00Z", "2026-02-27T15:00:00Z"),
    false,
  );
  assert.equal(
    due("30 seconds", "2026-01-01T00:00:29Z", "2026-01-01T00:00:30Z"),
    true,
  );
  assert.equal(
    due("30 seconds", "2026-01-01T00:00:30Z", "2026-01-01T00:00:59Z"),
    false,
  );
  assert.throws(() =>
    due("nonsense", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")
  );
});
