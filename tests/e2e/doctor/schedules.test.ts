import assert from "node:assert/strict";
import {
  answerAt,
  asOwner,
  assertHealthy,
  assertOnlyBroken,
  assertOnlyWarning,
  examine,
  faultPoint,
} from "../../support/doctor.ts";
import { platformError } from "../../../stack/functions-proxy.ts";
import { setVaultSecrets } from "../../../stack/vault.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const fault = faultPoint();
const test = shopTests({ intercept: fault.intercept });

/** Runs doctor in a broken state, mends it, and checks that all is well again. */
async function examineBroken(
  shop: Shop,
  { harm, mend }: {
    harm: () => Promise<unknown>;
    mend: () => Promise<unknown>;
  },
) {
  await harm();
  const findings = await examine(shop).finally(mend);
  assertHealthy(await examine(shop));
  return findings;
}

for (
  const [extension, schema, hanging] of [
    ["pg_cron", "cron", "cron_jobs"],
    ["pg_net", "net", "pg_net"],
    ["supabase_vault", "vault", "vault"],
  ] as const
) {
  test(`a missing ${extension} is named`, async (shop) => {
    const { sql } = shop.stack;
    const findings = await examineBroken(shop, {
      harm: () => sql.unsafe(`alter schema ${schema} rename to away`),
      mend: () => sql.unsafe(`alter schema away rename to ${schema}`),
    });

    const broken = `extension:${extension}`;
    assertOnlyBroken(findings, broken);
    assert.equal(
      findings.find(({ check }) => check === hanging)?.detail,
      `could not be checked because of ${broken}`,
    );
  });
}

test("a job that a second role has scheduled as well is named with that role", async (shop) => {
  const { sql } = shop.stack;
  const findings = await examineBroken(shop, {
    harm: () =>
      sql`select cron.schedule('tosspayments-webhooks', '* * * * *', 'select 1')`,
    mend: () => sql`select cron.unschedule('tosspayments-webhooks')`,
  });

  const [finding] = assertOnlyBroken(findings, "cron_job:webhooks");
  assert.match(
    finding?.detail ?? "",
    /belongs to postgres and also to supabase_admin \(job \d+\)/,
  );
  assert.match(
    finding?.action ?? "",
    /^As role supabase_admin: select cron\.unschedule\(\d+\);$/,
  );
});

test("a job that belongs to the wrong role alone is named", async (shop) => {
  const { sql } = shop.stack;
  const findings = await examineBroken(shop, {
    harm: async () => {
      await asOwner(
        shop,
        (owner) => owner`select cron.unschedule('tosspayments-expiry')`,
      );
      await sql`select cron.schedule('tosspayments-expiry', '* * * * *', 'select 1')`;
    },
    mend: async () => {
      await sql`select cron.unschedule('tosspayments-expiry')`;
      await asOwner(
        shop,
        (owner) => owner`select toss_private.schedule_jobs()`,
      );
    },
  });

  const [finding] = assertOnlyBroken(findings, "cron_job:expiry");
  assert.match(
    finding?.detail ?? "",
    /belongs to supabase_admin .*not to postgres/,
  );
});

test("a job that is switched off is named", async (shop) => {
  const setActive = (active: boolean) =>
    asOwner(shop, (owner) =>
      owner`
        select cron.alter_job(jobid, active => ${active})
        from cron.job where jobname = 'tosspayments-operations'`);
  const findings = await examineBroken(shop, {
    harm: () => setActive(false),
    mend: () => setActive(true),
  });

  const [finding] = assertOnlyBroken(findings, "cron_job:operations");
  assert.match(finding?.detail ?? "", /switched off/);
});

test("another schedule and a job of another version are warnings", async (shop) => {
  const changed = await examineBroken(shop, {
    harm: () =>
      asOwner(shop, (owner) =>
        owner`
          select cron.alter_job(jobid, schedule => '0 3 * * *')
          from cron.job where jobname = 'tosspayments-webhooks'`),
    mend: () =>
      asOwner(shop, (owner) => owner`select toss_private.schedule_jobs()`),
  });
  const leftOver = await examineBroken(shop, {
    harm: () =>
      asOwner(
        shop,
        (owner) =>
          owner`select cron.schedule('tosspayments-former', '* * * * *', 'select 1')`,
      ),
    mend: () =>
      asOwner(
        shop,
        (owner) => owner`select cron.unschedule('tosspayments-former')`,
      ),
  });

  assertOnlyWarning(changed, "cron_job:webhooks");
  assertOnlyWarning(leftOver, "cron_job:former");
});

for (
  const name of [
    "supabase_tosspayments_url",
    "supabase_tosspayments_cron_secret",
  ]
) {
  test(`a Vault without ${name} is named`, async (shop) => {
    const { sql } = shop.stack;
    const findings = await examineBroken(shop, {
      harm: () =>
        sql`update vault.secrets set name = 'away' where name = ${name}`,
      mend: () =>
        sql`update vault.secrets set name = ${name} where name = 'away'`,
    });

    const [finding] = assertOnlyBroken(findings, "vault");
    assert.equal(finding?.detail, `lacks ${name}`);
    assert.match(
      finding.action ?? "",
      new RegExp(`^select vault.create_secret\\('<\\w+>', '${name}'\\);$`),
    );
  });
}

test("a secret that stands in the address's place is named and not shown", async (shop) => {
  const { sql, apiUrl } = shop.stack;
  const secret = "a-secret-in-the-wrong-place";
  const findings = await examineBroken(shop, {
    harm: () => setVaultSecrets(sql, { supabase_tosspayments_url: secret }),
    mend: () => setVaultSecrets(sql, { supabase_tosspayments_url: apiUrl }),
  });

  assertOnlyBroken(findings, "vault");
  assert.equal(JSON.stringify(findings).includes(secret), false);
});

test("a Vault whose secret is not the functions' is named", async (shop) => {
  const { sql, cronSecret } = shop.stack;
  const store = (secret: string) =>
    setVaultSecrets(sql, { supabase_tosspayments_cron_secret: secret });
  const findings = await examineBroken(shop, {
    harm: () => store(`${cronSecret}x`),
    mend: () => store(cronSecret),
  });

  const [finding] = assertOnlyBroken(findings, "cron_secret");
  assert.match(finding?.detail ?? "", /Vault/);
});

test("an address at which pg_net reaches nobody, or somebody else, is named", async (shop) => {
  const { sql, apiUrl, simulator } = shop.stack;
  const store = (url: string) =>
    setVaultSecrets(sql, { supabase_tosspayments_url: url });
  using closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  closed.close();
  const nobody = await examineBroken(shop, {
    harm: () => store(`http://127.0.0.1:${closed.addr.port}`),
    mend: () => store(apiUrl),
  });
  const stranger = await examineBroken(shop, {
    harm: () => store(simulator?.url ?? ""),
    mend: () => store(apiUrl),
  });

  const [first] = assertOnlyBroken(nobody, "pg_net");
  assert.match(first?.detail ?? "", /does not arrive/);
  const [second] = assertOnlyBroken(stranger, "pg_net");
  assert.match(second?.detail ?? "", /something else answers/);
});

test("a pg_net that does not send is named", async (shop) => {
  const { sql } = shop.stack;
  // Without the notification at commit nobody looks into the queue.
  await sql`create or replace function net.wake() returns void language sql as ''`;
  const findings = await examine(shop, {}, { patienceMilliseconds: 300 })
    .finally(() =>
      sql`
        create or replace function net.wake() returns void
        language sql set search_path = '' as $$ select pg_notify('net_wake', '') $$`
    );

  const [finding] = assertOnlyBroken(findings, "pg_net");
  assert.match(finding?.detail ?? "", /is not sent/);
});

test("a worker that has stopped is named by each job it owes", async (shop) => {
  const { sql } = shop.stack;
  const findings = await examineBroken(shop, {
    harm: () =>
      sql`
        update toss_private.jobs
        set last_finished_at = now() - interval '20 minutes', created_at = now() - interval '20 minutes'
        where interval_seconds = 60`,
    mend: () =>
      sql`update toss_private.jobs set last_finished_at = now() where interval_seconds = 60`,
  });
  const jobs = await sql<{ name: string }[]>`
    select name from toss_private.jobs where interval_seconds = 60 order by name`;

  const [finding] = assertOnlyBroken(
    findings,
    ...jobs.map(({ name }) => `heartbeat:${name}`),
  );
  assert.match(
    finding?.detail ?? "",
    /^last ran 20 minutes( \d+ seconds?)? ago$/,
  );
});

test("a late job tells why pg_cron's last try failed", async (shop) => {
  const { sql } = shop.stack;
  const findings = await examineBroken(shop, {
    harm: () =>
      sql`
        with run as (
          insert into cron.job_run_details (jobid, status, return_message, start_time)
          select j.jobid, 'failed', 'job startup timeout', now()
          from cron.job as j where j.jobname = 'tosspayments-webhooks'
        )
        update toss_private.jobs set last_finished_at = now() - interval '1 hour' where name = 'webhooks'`,
    mend: () =>
      sql`update toss_private.jobs set last_finished_at = now() where name = 'webhooks'`,
  });

  const [finding] = assertOnlyBroken(findings, "heartbeat:webhooks");
  assert.match(finding?.detail ?? "", /1 hour ago; .*job startup timeout/);
});

test("a job that is late because its schedule or the worker is gone is not blamed itself", async (shop) => {
  const { sql } = shop.stack;
  const late = () =>
    sql`update toss_private.jobs set last_finished_at = now() - interval '1 hour' where name = 'expiry'`;
  const mend = () =>
    sql`update toss_private.jobs set last_finished_at = now() where name = 'expiry'`;
  const unscheduled = await examineBroken(shop, {
    harm: async () => {
      await late();
      await asOwner(
        shop,
        (owner) => owner`select cron.unschedule('tosspayments-expiry')`,
      );
    },
    mend: async () => {
      await mend();
      await asOwner(
        shop,
        (owner) => owner`select toss_private.schedule_jobs()`,
      );
    },
  });
  const undeployed = await fault.during(
    answerAt("/functions/v1/worker", () => platformError(404, "NOT_FOUND", "")),
    async () => {
      await late();
      return await examine(shop).finally(mend);
    },
  );

  assertOnlyBroken(unscheduled, "cron_job:expiry");
  assertOnlyBroken(undeployed, "function:worker");
});

test("a job that is overdue and not yet late is a warning", async (shop) => {
  const { sql } = shop.stack;
  const findings = await examineBroken(shop, {
    harm: () =>
      sql`update toss_private.jobs set last_finished_at = now() - interval '150 seconds' where name = 'expiry'`,
    mend: () =>
      sql`update toss_private.jobs set last_finished_at = now() where name = 'expiry'`,
  });

  assertOnlyWarning(findings, "heartbeat:expiry");
});
