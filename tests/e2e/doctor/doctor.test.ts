import assert from "node:assert/strict";
import { join } from "node:path";
import { type Finding, hasFailed } from "../../../scripts/doctor/finding.ts";
import { devEnvironment, runToss, startDev } from "../../stack/dev-fixture.ts";
import { FUNCTION_ACCESS } from "../../../supabase/functions/_shared/http/access.ts";
import {
  asOwner,
  assertHealthy,
  assertOnlyBroken,
  assertOnlyWarning,
  examine,
} from "../../support/doctor.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

function environmentOf({ stack }: Shop): Record<string, string> {
  return {
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_SECRET_KEY: stack.secretKey,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
  };
}

test("doctor finds nothing wrong with a new stack", async (shop) => {
  const findings = await examine(shop);

  assertHealthy(findings);
  assert.equal(hasFailed(findings), false);
});

test("doctor looks at every function and at every job once", async (shop) => {
  const names = (await examine(shop)).map(({ check }) => check);
  const jobs = await shop.stack.sql<{ name: string }[]>`
    select name from toss_private.jobs order by name`;

  assert.equal(new Set(names).size, names.length, "a name stands twice");
  assert.deepEqual(
    names.filter((name) => name.startsWith("function:")),
    Object.keys(FUNCTION_ACCESS).sort().map((name) => `function:${name}`),
  );
  for (const kind of ["cron_job", "heartbeat"]) {
    assert.deepEqual(
      names.filter((name) => name.startsWith(`${kind}:`)),
      jobs.map(({ name }) => `${kind}:${name}`),
    );
  }
});

test("doctor changes nothing", async (shop) => {
  const counts = () =>
    shop.stack.sql`
      select (select count(*) from public.webhook_events) as events,
        (select count(*) from public.payment_events) as lines,
        (select count(*) from public.orders) as orders,
        (select count(*) from public.operations) as operations,
        (select sum(runs) from toss_private.jobs) as runs`;
  const before = await counts();
  const asked = shop.simulator.requests().length;

  await examine(shop, { variables: shop.stack.projectVariables });

  assert.deepEqual([...await counts()], [...before]);
  const methods = shop.simulator.requests().slice(asked)
    .map(({ method }) => method);
  assert.deepEqual([...new Set(methods)], ["GET"]);
});

test("the command prints a line for each check and exits with 0", async (shop) => {
  const { code, stdout, stderr } = await runToss("doctor", {
    environment: environmentOf(shop),
  });

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ok {4}cron_secret +Vault and the functions hold/m);
  assert.match(stdout, /\n\d+ ok, 0 warn, 0 fail\n$/);
});

test("--json prints an array of findings, and exit code 1 says that one fails", async (shop) => {
  await asOwner(
    shop,
    (sql) => sql`select cron.unschedule('tosspayments-expiry')`,
  );
  const { code, stdout } = await runToss("doctor", {
    arguments: ["--json"],
    environment: environmentOf(shop),
  }).finally(() =>
    asOwner(shop, (sql) => sql`select toss_private.schedule_jobs()`)
  );
  const findings: Finding[] = JSON.parse(stdout);

  assert.equal(code, 1);
  const [finding] = assertOnlyBroken(findings, "cron_job:expiry");
  assert.deepEqual(finding, {
    check: "cron_job:expiry",
    level: "fail",
    detail: "is not scheduled",
    action: "As role postgres: select toss_private.schedule_jobs();",
  });
});

test("the command explains itself, and refuses what it does not know", async (shop) => {
  const run = (...args: string[]) =>
    runToss("doctor", {
      arguments: args,
      environment: environmentOf(shop),
    });
  const help = await run("--help");
  const unknown = await run("--jsn");
  const noFile = await run("--env-file", "nowhere/.env");

  assert.equal(help.code, 0);
  assert.match(help.stdout, /SUPABASE_URL/);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /--jsn/);
  assert.equal(noFile.code, 2);
  assert.match(noFile.stderr, /nowhere/);
});

test("--env-file brings the project's keys and the functions' variables", async (shop) => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, ".env");
  const lines = Object.entries({
    ...environmentOf(shop),
    ...shop.stack.projectVariables,
    TOSS_CLIENT_KEY: "test_gck_other",
  }).map(([name, value]) => `${name}='${value}'`);
  await Deno.writeTextFile(file, lines.join("\n"));
  const { code, stdout, stderr } = await runToss("doctor", {
    arguments: ["--json", "--env-file", file],
    environment: {},
  });
  await Deno.remove(folder, { recursive: true });

  assert.equal(code, 1, stderr);
  const [finding] = assertOnlyBroken(JSON.parse(stdout), "toss_keys");
  assert.match(finding?.detail ?? "", /^in the given file TOSS_CLIENT_KEY/);
});

test("the command finds the running local stack, or says what to set", async () => {
  const dbDir = await Deno.makeTempDir();
  const dev = await startDev(devEnvironment(dbDir));
  const run = () => runToss("doctor", { environment: { PORT: dev.port } });
  const running = await run();
  dev.process.kill("SIGTERM");
  await dev.process.status;
  const stopped = await run();
  await Deno.remove(dbDir, { recursive: true });

  assert.equal(running.code, 0, running.stdout + running.stderr);
  assert.match(running.stdout, / 0 fail\n$/);
  assert.equal(stopped.code, 2);
  assert.match(stopped.stderr, /SUPABASE_URL/);
});

test("a project that does not answer is one finding", async (shop) => {
  using closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr;
  closed.close();
  const findings = await examine(shop, { url: `http://127.0.0.1:${port}` });

  assert.deepEqual(findings.map(({ check, level }) => [check, level]), [
    ["project", "fail"],
  ]);
});

test("a key of another project is the secret key's fault, whatever cannot be asked then", async (shop) => {
  const findings = await examine(shop, {
    secretKey: "sb_secret_of_another_project",
  });

  assertOnlyBroken(findings, "secret_key");
});

test("keys in each other's place are named", async (shop) => {
  const { publishableKey, secretKey } = shop.stack;
  const [secret] = assertOnlyBroken(
    await examine(shop, { secretKey: publishableKey }),
    "secret_key",
  );
  const [publishable] = assertOnlyBroken(
    await examine(shop, { publishableKey: secretKey }),
    "publishable_key",
  );

  assert.match(secret?.detail ?? "", /holds a publishable key/);
  assert.match(publishable?.detail ?? "", /holds a secret key/);
});

test("legacy keys in each other's place are named", async (shop) => {
  const legacyKey = (role: string) =>
    ["e30", btoa(JSON.stringify({ iss: "supabase", role })), "x"].join(".");

  assertOnlyBroken(
    await examine(shop, { secretKey: legacyKey("anon") }),
    "secret_key",
  );
  assertOnlyBroken(
    await examine(shop, { publishableKey: legacyKey("service_role") }),
    "publishable_key",
  );
});

test("a wrong publishable key is named, a missing one only noted", async (shop) => {
  const wrong = await examine(shop, {
    publishableKey: "sb_publishable_of_another_project",
  });
  assertOnlyBroken(wrong, "publishable_key");

  const none = await examine(shop, { publishableKey: null });
  assertOnlyWarning(none, "publishable_key");
});

test("no finding holds a secret", async (shop) => {
  const { stack } = shop;
  const found = JSON.stringify([
    await examine(shop, { cronSecret: "another-cron-secret" }),
    await examine(shop, {
      variables: { ...stack.projectVariables, TOSS_CLIENT_KEY: "live_sk_oops" },
    }),
    await examine(shop, { secretKey: stack.publishableKey }),
  ]);
  const secrets = [
    stack.secretKey,
    stack.cronSecret,
    stack.jwtSecret,
    stack.projectVariables.TOSS_SECRET_KEY,
    "another-cron-secret",
    "live_sk_oops",
  ];

  for (const secret of secrets) {
    assert.ok(secret);
    assert.equal(found.includes(secret), false);
  }
});
