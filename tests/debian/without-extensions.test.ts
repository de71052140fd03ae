import assert from "node:assert/strict";
import postgres from "postgres";
import { startCluster } from "./cluster.ts";
import { migrate, preparePlatform } from "./project.ts";

Deno.test({
  name:
    "the migrations apply to a Postgres 15 without pg_cron, pg_net and Vault",
  async fn() {
    const cluster = await startCluster([]);
    try {
      await preparePlatform(cluster, "none");
      // Available is not usable: the server has not preloaded it.
      const [extension] = await cluster.sql`
        select count(*)::int as available from pg_available_extensions
        where name = 'pg_cron'`;
      assert.equal(extension?.available, 1);
      await assert.rejects(
        cluster.sql`create extension pg_cron`,
        /shared_preload_libraries|cron\.database_name/,
      );

      const applied = await migrate(cluster);
      assert.ok(applied.length > 0);
      assert.deepEqual(await migrate(cluster), [], "a second run");

      const schemas = await cluster.sql`
        select nspname from pg_namespace where nspname in ('cron', 'net', 'vault')`;
      assert.equal(schemas.length, 0);
      const violations = await cluster.sql`
        select * from public.invariant_violations()`;
      assert.deepEqual([...violations], []);
    } finally {
      await cluster.stop();
    }
  },
});

Deno.test({
  name: "schedule_jobs() makes up for a pg_cron that came after the migrations",
  async fn() {
    const cluster = await startCluster([
      "shared_preload_libraries=pg_cron",
      "cron.database_name=postgres",
    ]);
    const owner = postgres(cluster.url("postgres"), {
      max: 1,
      onnotice: () => {},
    });
    try {
      await preparePlatform(cluster, "none");
      await migrate(cluster);
      const [before] =
        await owner`select toss_private.schedule_jobs() as scheduled`;
      assert.equal(before?.scheduled, 0);
      const [deleted] = await owner`select public.run_housekeeping('{}') as r`;
      assert.deepEqual(deleted?.r, {
        deletedCronRuns: 0,
        deletedWebhookEvents: 0,
        deletedRefusals: 0,
        deletedEvents: 0,
        remaining: 0,
      });

      await cluster.sql`create extension pg_cron`;
      await cluster.sql`grant usage on schema cron to postgres`;

      const [after] =
        await owner`select toss_private.schedule_jobs() as scheduled`;
      const [jobs] = await owner`
        select count(*)::int as known, (select count(*)::int from cron.job)
          as scheduled from toss_private.jobs`;
      assert.equal(after?.scheduled, jobs?.known);
      assert.equal(jobs?.scheduled, jobs?.known);
    } finally {
      await owner.end();
      await cluster.stop();
    }
  },
});
