import assert from "node:assert/strict";
import { migrationFiles } from "../support/migration-files.ts";
import {
  ADVISOR_EXCEPTIONS,
  advisorAnswer,
  type Finding,
} from "./advisor-exceptions.ts";
import { type CliProject, makeCliProject } from "./cli-project.ts";
import {
  BINARIES,
  type Cluster,
  PG_CRON_SETTINGS,
  startCluster,
} from "./cluster.ts";
import { runPgTap } from "./pgtap.ts";
import { migrate, preparePlatform } from "./project.ts";

interface Scene {
  cluster: Cluster;
  project: CliProject;
  /** Connection string of role postgres, as the CLI of a hosted project has it. */
  url: string;
  /** What the first push applied. */
  applied: string[];
}

let opened: Scene | undefined;

Deno.test.beforeAll(async () => {
  const cluster = await startCluster(PG_CRON_SETTINGS);
  await preparePlatform(cluster, "pg_cron");
  const url = cluster.url("postgres");
  const project = await makeCliProject(url);
  opened = { cluster, project, url, applied: await project.push() };
});

Deno.test.afterAll(async () => {
  await opened?.project.remove();
  await opened?.cluster.stop();
});

/** The cluster outlives a single test, hence no sanitizers. */
function test(name: string, body: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (opened === undefined) throw new Error("the first push failed");
      await body(opened);
    },
  });
}

/** The whole schema with its grants, as SQL. */
async function schemaOf({ url }: Scene): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(
    `${BINARIES}/pg_dump`,
    {
      args: ["--schema-only", "--schema=public", "--schema=toss_private", url],
    },
  ).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  // These two lines carry a random word.
  return new TextDecoder().decode(stdout).replace(/^\\(un)?restrict .*$/gm, "");
}

async function findingsOf({ project }: Scene): Promise<Finding[]> {
  const level = ["--type", "all", "--level", "info"];
  return advisorAnswer.parse(await project.run(["db", "advisors", ...level]))
    .results;
}

function isExpected(finding: Finding): boolean {
  return ADVISOR_EXCEPTIONS.some((exception) =>
    exception.rule === finding.name && exception.covers(finding)
  );
}

test("db push applies every migration to an empty Postgres 15, oldest first", async ({ applied, cluster }) => {
  assert.deepEqual(applied, migrationFiles());
  const rows = await cluster.sql<{ file: string }[]>`
    select version || '_' || name || '.sql' as file
    from supabase_migrations.schema_migrations order by version`;
  assert.deepEqual(rows.map(({ file }) => file), migrationFiles());
});

test("a second db push changes nothing", async (scene) => {
  const jobs = () => scene.cluster.sql`select * from cron.job order by jobid`;
  const before = { schema: await schemaOf(scene), jobs: [...await jobs()] };

  assert.deepEqual(await scene.project.push(), []);

  const after = { schema: await schemaOf(scene), jobs: [...await jobs()] };
  assert.deepEqual(after, before);
  assert.match(after.schema, /create table/i);
});

test("everything belongs to the role that pushed, and nothing needed a superuser", async ({ cluster }) => {
  const [row] = await cluster.sql`
    select rolsuper from pg_roles where rolname = 'postgres'`;
  assert.equal(row?.rolsuper, false);
  const strangers = await cluster.sql`
    select c.oid::regclass::text as name from pg_class as c
    where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
      and c.relowner <> 'postgres'::regrole
    union all
    select p.oid::regprocedure::text from pg_proc as p
    where p.pronamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
      and p.proowner <> 'postgres'::regrole`;
  assert.deepEqual([...strangers], []);
});

test("db advisors finds nothing but what has a reason", async (scene) => {
  const findings = await findingsOf(scene);

  const faults = findings.filter((finding) => !isExpected(finding))
    .map(({ level, name, detail }) => `${level} ${name}: ${detail}`);
  assert.deepEqual(faults, []);
  for (const { rule, reason } of ADVISOR_EXCEPTIONS) {
    const isUsed = findings.some(({ name }) => name === rule);
    assert.ok(isUsed, `not needed any more: ${rule} (${reason})`);
  }
});

const CARELESS = `
  create table public.careless (id bigint);
  alter table toss_private.jobs add column careless_id text references public.products;
  create view public.careless_users as select * from auth.users;
  grant select on public.careless, public.careless_users to anon;
  create function public.careless() returns integer language sql as 'select 1';
  create policy careless on public.orders for select to authenticated using (auth.uid() = user_id);
`;
const CAREFUL = `
  drop policy careless on public.orders;
  drop function public.careless();
  drop view public.careless_users;
  alter table toss_private.jobs drop column careless_id;
  drop table public.careless;
`;

test("db advisors names what a careless migration leaves", async (scene) => {
  const { sql } = scene.cluster;
  await sql.unsafe(CARELESS).simple();
  try {
    const faults = (await findingsOf(scene)).filter((one) => !isExpected(one));

    assert.deepEqual([...new Set(faults.map(({ name }) => name))].sort(), [
      "auth_rls_initplan",
      "auth_users_exposed",
      "function_search_path_mutable",
      "multiple_permissive_policies",
      "no_primary_key",
      "rls_disabled_in_public",
      "security_definer_view",
      "unindexed_foreign_keys",
    ]);
  } finally {
    await sql.unsafe(CAREFUL).simple();
  }
});

test("pgTAP: access, functions, constraints and invariants", async ({ url }) => {
  const result = await runPgTap(url);

  // .ci/run adds these to its own count.
  console.log(`pgTAP | ${result.passed} passed | ${result.failed} failed`);
  assert.ok(result.isPassed, result.report);
});

/** What an older project gives away by default; newer ones give nothing. */
const OLDER_DEFAULT_PRIVILEGES = ["tables", "sequences", "functions"]
  .map((objects) =>
    `alter default privileges for role postgres in schema public
       grant all on ${objects} to anon, authenticated, service_role;`
  )
  .join("\n");

/** Every privilege of the API's roles on what stands in our schemas. */
async function grantsOf({ sql }: Cluster): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select format('%s %s %s', o.name, a.grantee::regrole, a.privilege_type) as line
    from (
      select c.oid::regclass::text as name, c.relacl as acl
      from pg_class as c
      where c.relnamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
      union all
      select p.oid::regprocedure::text, p.proacl
      from pg_proc as p
      where p.pronamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
    ) as o, aclexplode(o.acl) as a
    where a.grantee in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole, 0)
    order by 1`;
  return rows.map(({ line }) => line);
}

test("an older project, which grants everything by default, ends in the same grants", async ({ cluster }) => {
  const older = await startCluster([]);
  try {
    await preparePlatform(older, "none");
    await older.sql.unsafe(OLDER_DEFAULT_PRIVILEGES).simple();
    await migrate(older);

    const expected = await grantsOf(cluster);
    assert.ok(expected.length > 0);
    assert.deepEqual(await grantsOf(older), expected);
  } finally {
    await older.stop();
  }
});
