import assert from "node:assert/strict";
import { type Chapter, readChapters } from "../../scripts/schema/chapters.ts";

const MOST_LINES = 300;

/** Why a chapter may be longer. */
const LONGER: Record<string, string> = {
  "13_pricing.sql": "from a name's length to a cart's total is one reading",
  "15_payments.sql": "three tables with the comments of their columns",
  "16_operations.sql": "the table of every kind of call, and how one is seen",
  "29_apply_payment.sql": "the one door, in one piece",
  "31_subscription_states.sql":
    "the table of all moves stands in it, and what a move asks anew",
  "38_dunning.sql":
    "what a refusal does to charge, access and card is one rule",
  "51_billing_issue_begin.sql":
    "one registration with everything that may refuse it",
  "62_webhook_receive.sql": "one arrival with everything that bounds it",
  "82_invariants_of_contents.sql": "one query of many rules",
};

const chapters = await readChapters();

/** The names that a pattern's first group finds, with the chapter of each. */
function find(pattern: RegExp): { name: string; file: string }[] {
  return chapters.flatMap(({ file, text }) =>
    Array.from(text.matchAll(pattern), ([, name = ""]) => ({ name, file }))
  );
}

const OBJECTS = {
  function: /^create (?:or replace )?function ([\w.]+)\s*\(/gm,
  table: /^create (?:unlogged )?table ([\w.]+)/gm,
  view: /^create (?:or replace )?view ([\w.]+)/gm,
};

for (const [kind, pattern] of Object.entries(OBJECTS)) {
  Deno.test(`every ${kind} is defined once, and described in the same chapter`, () => {
    const defined = find(pattern);
    assert.ok(defined.length > 5);
    const names = defined.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, place) => names.indexOf(name) !== place),
      [],
      "defined again",
    );
    const described = find(
      new RegExp(`^comment on ${kind} ([\\w.]+)`, "gm"),
    ).map(({ name, file }) => `${file}: ${name}`);
    assert.deepEqual(
      defined.map(({ name, file }) => `${file}: ${name}`)
        .filter((place) => !described.includes(place)),
      [],
      "not described there",
    );
    assert.equal(new Set(described).size, described.length, "described twice");
  });
}

Deno.test("nothing in a chapter changes what an earlier one made, but for references to later tables", () => {
  const changes = chapters.flatMap(({ file, text }) =>
    Array.from(
      text.matchAll(/^(?:alter (?!default)|drop |create or replace )[^\n]*/gm),
      ([line]) => `${file}: ${line}`,
    )
  );
  assert.deepEqual(
    changes.filter((line) =>
      !/ enable row level security;$/.test(line) &&
      !/: alter table [\w.]+ add constraint \w+_fkey foreign key/.test(line)
    ),
    [],
  );
});

Deno.test("every grant stands in 90_access.sql, each object in one list of its kind", () => {
  const elsewhere = chapters
    .filter(({ file }) => file !== "90_access.sql")
    .flatMap(({ file, text }) =>
      Array.from(
        text.matchAll(/^(?:grant|revoke) [^\n]*/gm),
        ([line]) => `${file}: ${line}`,
      )
    );
  assert.deepEqual(elsewhere, []);
});

/** Bodies are strings in dollars; what they hold is no statement of the chapter. */
function statementsOf({ text }: Chapter): string {
  return text.replace(/\$\$[\s\S]*?\$\$/g, "$$$$");
}

Deno.test("whoever may call a served function is said once, and nobody is forgotten", () => {
  const access = chapters.find(({ file }) => file === "90_access.sql");
  assert.ok(access);
  const [revoked = "", granted = ""] = Array.from(
    statementsOf(access).matchAll(
      /^(?:revoke execute on|grant execute on) function\n([\s\S]*?)\n(?:from|to) /gm,
    ),
    ([, list]) => list,
  );
  const namesIn = (list: string) =>
    Array.from(list.matchAll(/public\.(\w+)\(/g), ([, name]) => name).sort();
  const served = find(OBJECTS.function).map(({ name }) => name)
    .filter((name) => name.startsWith("public."))
    .map((name) => name.slice("public.".length)).sort();
  const [owners = ""] = Array.from(
    statementsOf(access).matchAll(/^revoke execute on function public[^\n]*/gm),
    ([line]) => line,
  );
  const others = served.filter((name) => !namesIn(owners).includes(name));
  assert.deepEqual(namesIn(revoked), others);
  assert.deepEqual(namesIn(granted), others);
});

Deno.test("a chapter is not longer than a reader's patience, or says why", () => {
  const tooLong = chapters
    .filter(({ text }) => text.split("\n").length - 1 > MOST_LINES)
    .map(({ file }) => file);
  assert.deepEqual(
    tooLong.filter((file) => !(file in LONGER)),
    [],
    `at most ${MOST_LINES} lines`,
  );
  assert.deepEqual(
    Object.keys(LONGER).filter((file) => !tooLong.includes(file)),
    [],
    "short enough by now",
  );
});

Deno.test("every chapter begins with a line about itself", () => {
  for (const { file, text } of chapters) {
    assert.match(text, /^-- [A-Z].*[.,:]?\n/, file);
  }
});

/** Up to Postgres 17 such a function is parsed and planned at every call; these are asked by people and reports. */
const PLANNED_ANEW = [
  "public.invariant_violations",
  "public.diagnose",
  "public.read_encrypted_samples",
  "public.read_status",
  "toss_private.diagnose_alerts",
  "toss_private.diagnose_extensions",
  "toss_private.diagnose_jobs",
  "toss_private.diagnose_tables",
  "toss_private.encrypted_stores",
  "toss_private.failed_refund_transfers",
  "toss_private.payment_questions",
  "toss_private.question_backlog",
  "toss_private.unproven_deadlines",
];

Deno.test("what a payment passes through keeps its plans: plpgsql, and language sql for reports alone", () => {
  const inSql = find(
    /^create function ([\w.]+)\([^$]*?\nlanguage sql\n/gm,
  );
  assert.deepEqual(
    inSql.map(({ name }) => name).sort(),
    PLANNED_ANEW.toSorted(),
  );
});
