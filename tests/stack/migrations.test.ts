import assert from "node:assert/strict";
import { join } from "node:path";
import { SqlFileError } from "../../stack/migrations.ts";
import { splitStatements } from "../../stack/split-statements.ts";
import { startStack } from "../../stack/stack.ts";
import { createProject, withStack } from "./project-fixture.ts";

Deno.test("migrations are applied in order and recorded as the CLI does", async () => {
  const files = {
    migrations: {
      "20260102000000_second.sql": "insert into public.notes values (1);",
      "20260101000000_create_notes.sql":
        "-- Why\ncreate table public.notes (id int);\ncomment on table public.notes is ';';\n",
      "README.md": "no migration",
    },
  };
  await withStack({ files }, async ({ sql }) => {
    const rows = await sql`
      select version, name, statements
      from supabase_migrations.schema_migrations order by version`;
    assert.deepEqual([...rows], [
      {
        version: "20260101000000",
        name: "create_notes",
        statements: [
          "-- Why\ncreate table public.notes (id int)",
          "comment on table public.notes is ';'",
        ],
      },
      {
        version: "20260102000000",
        name: "second",
        statements: ["insert into public.notes values (1)"],
      },
    ]);
  });
});

Deno.test("a failing migration names its file and line and leaves nothing", async () => {
  const broken = `create table public.one (id int);

select id,
  missing
from public.one;
`;
  const file = "20260101000000_broken.sql";
  await using project = await createProject({ migrations: { [file]: broken } });
  const options = { ...project.options, dbDir: join(project.folder, "db") };
  const failure = await startStack(options).then(
    () => null,
    (error) => error,
  );
  assert.ok(failure instanceof SqlFileError);
  assert.equal(failure.line, 4);
  assert.match(
    failure.message,
    /^20260101000000_broken\.sql:4: column "missing" does not exist/,
  );
  await Deno.writeTextFile(
    join(project.options.migrationsDirectory, file),
    broken.replace(/,\s+missing/, ""),
  );
  await (await startStack(options)).stop();
});

Deno.test("what is no SQL is refused with its line before anything runs", async () => {
  const file = "20260101000000_no_sql.sql";
  await using project = await createProject({
    migrations: { [file]: "select '한글';\n\nselekt 2;\n" },
  });
  await assert.rejects(
    startStack(project.options),
    /20260101000000_no_sql\.sql:3: syntax error at or near "selekt"/,
  );
});

Deno.test("splitStatements() keeps bodies, strings and comments whole", async () => {
  const source = `-- head; line
create function f() returns int language plpgsql as $body$
begin
  return 1; -- inner;
end $body$;
create function g() returns int language sql
begin atomic
  select case when true then 1 else 2 end;
  select 2;
end;
select ';', E'it\\'s;', "a;b", 'it''s;' /* ; */;
begin;
commit;
do $$ begin null; end $$
-- tail;
`;
  const statements = await splitStatements(source);
  assert.deepEqual(
    statements.map(({ text, line }) => [line, text.split("\n")[0]]),
    [
      [1, "-- head; line"],
      [6, "create function g() returns int language sql"],
      [11, `select ';', E'it\\'s;', "a;b", 'it''s;' /* ; */`],
      [12, "begin"],
      [13, "commit"],
      [14, "do $$ begin null; end $$"],
    ],
  );
});

Deno.test("splitStatements() finds nothing in comments", async () => {
  assert.deepEqual(await splitStatements("-- a;\n/* b; */ ;\n"), []);
});
