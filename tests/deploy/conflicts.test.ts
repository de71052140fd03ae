import assert from "node:assert/strict";
import { findConflicts } from "../../scripts/deploy/find-conflicts.ts";
import { compareHistory, objectsAfter } from "../../scripts/hosted/history.ts";
import type { ProjectState } from "../../scripts/hosted/inspect-project.ts";
import type { LocalFiles } from "../../scripts/hosted/local-files.ts";
import { readSchemaChanges } from "../../scripts/hosted/schema-objects.ts";

Deno.test("readSchemaChanges() finds what is created and dropped, and nothing in bodies or comments", async () => {
  const changes = await readSchemaChanges(`
-- create table public.commented (id int);
create table if not exists public.one (id int);
create unlogged table toss_private.two (id int);
create view public.three with (security_invoker = true) as select 1;
create or replace function public.four(request jsonb) returns jsonb language plpgsql as $$
begin
  create table public.inner (id int);
  drop table public.inner;
end $$;
create index one_idx on public.one (id);
drop function public.five(public.one), toss_private.six(jsonb);
drop view if exists public.seven, public.eight;
`);

  assert.deepEqual(changes.creates, [
    { kind: "relation", name: "public.one" },
    { kind: "relation", name: "toss_private.two" },
    { kind: "relation", name: "public.three" },
    { kind: "function", name: "public.four" },
  ]);
  assert.deepEqual(changes.drops, [
    { kind: "function", name: "public.five" },
    { kind: "function", name: "toss_private.six" },
    { kind: "relation", name: "public.seven" },
    { kind: "relation", name: "public.eight" },
  ]);
});

const LOCAL: LocalFiles = {
  functions: ["health"],
  migrations: [
    {
      version: "1",
      name: "first",
      file: "1_first.sql",
      creates: [
        { kind: "relation", name: "public.orders" },
        { kind: "function", name: "public.pay" },
      ],
      drops: [],
    },
    {
      version: "2",
      name: "second",
      file: "2_second.sql",
      creates: [
        { kind: "function", name: "public.pay" },
        { kind: "relation", name: "public.refunds" },
      ],
      drops: [{ kind: "relation", name: "public.orders" }],
    },
  ],
};

function state(
  migrations: ProjectState["database"]["migrations"],
): ProjectState {
  return {
    functions: ["health"],
    secretDigests: new Map(),
    database: {
      migrations,
      relations: [
        { name: "public.orders", kind: "r" },
        { name: "public.refunds", kind: "r" },
      ],
      functions: [{ name: "public.pay", signature: "public.pay(jsonb)" }],
      vaultNames: [],
      cronJobs: [],
      hasCron: true,
      hasVault: true,
    },
  };
}

Deno.test("findConflicts() takes for ours what an applied migration has created, and nothing else", () => {
  assert.deepEqual(findConflicts(LOCAL, state([])), [
    "table public.orders",
    "function public.pay(jsonb)",
    "table public.refunds",
    "edge function health",
  ]);
  assert.deepEqual(
    findConflicts(LOCAL, state([{ version: "1", name: "first" }])),
    ["table public.refunds"],
  );
  const both = [
    { version: "1", name: "first" },
    { version: "2", name: "second" },
  ];
  assert.deepEqual(findConflicts(LOCAL, state(both)), []);
});

Deno.test("compareHistory() knows a migration by version and name, or by version alone where no name was recorded", () => {
  const recorded = [
    { version: "1", name: null },
    { version: "2", name: "of_somebody_else" },
    { version: "3", name: "later" },
  ];

  const history = compareHistory(LOCAL, { migrations: recorded });

  assert.deepEqual(history.applied.map(({ version }) => version), ["1"]);
  assert.deepEqual(history.pending.map(({ version }) => version), ["2"]);
  assert.deepEqual(history.unknown, [{ version: "3", name: "later" }]);
});

Deno.test("objectsAfter() leaves out what a later migration drops", () => {
  assert.deepEqual(objectsAfter(LOCAL.migrations).map(({ name }) => name), [
    "public.pay",
    "public.refunds",
  ]);
});
