import assert from "node:assert/strict";
import { readProject } from "../../scripts/hosted/project.ts";
import { createRedactor } from "../../scripts/hosted/redactor.ts";
import { runSteps } from "../../scripts/hosted/steps.ts";
import { UsageError } from "../../scripts/door/errors.ts";

Deno.test("createRedactor() hides a secret as it is and as JSON, SQL and URLs write it", () => {
  const secret = `it's "secret" 한글`;
  const redact = createRedactor([secret, "on"]);

  for (
    const text of [
      secret,
      JSON.stringify({ secret }),
      `select '${secret.replaceAll("'", "''")}'`,
      `https://host/?token=${encodeURIComponent(secret)}`,
    ]
  ) {
    assert.match(redact(text), /\[hidden\]/);
    assert.doesNotMatch(redact(text), /secret" |secret\\"|%ED/);
  }
  assert.equal(redact("go on"), "go on");
});

Deno.test("readProject() keeps the database's password out of its address", async () => {
  const { database, url } = await readProject(
    { projectRef: "rehearsalofdeploymen" },
    {
      SUPABASE_DB_URL:
        "postgresql://postgres.ref:p%40ss@pooler.example:5432/postgres",
    },
  );

  assert.deepEqual(database, {
    url: "postgresql://postgres.ref@pooler.example:5432/postgres",
    password: "p@ss",
  });
  assert.equal(url, "https://rehearsalofdeploymen.supabase.co");
});

for (
  const [what, options, environment] of [
    ["a ref that cannot be one", { projectRef: "shop" }, {}],
    ["an address without TLS", {
      projectRef: "rehearsalofdeploymen",
      url: "http://shop.example",
    }, {}],
    ["a database address that is none", {
      projectRef: "rehearsalofdeploymen",
    }, { SUPABASE_DB_URL: "localhost:5432" }],
  ] as const
) {
  Deno.test(`readProject() refuses ${what}`, async () => {
    await assert.rejects(readProject(options, environment), UsageError);
  });
}

for (
  const [what, password, said] of [
    ["% alone", "50%off", /write % as %25/],
    ["#", "se#cret", /# as %23/],
    ["/", "se/cret", /\/ as %2F/],
    ["/ behind a digit", "12/secret", /\/ as %2F/],
    ["?", "se?cret", /\? as %3F/],
    ["a space", "se cret", /a space as %20/],
    ["bytes that are no text", "se%ffcret", /not encoded as UTF-8/],
    [
      "the Dashboard's placeholder",
      "[YOUR-PASSWORD]",
      /still holds the placeholder/,
    ],
    ["another placeholder", "<password>", /still holds the placeholder/],
  ] as const
) {
  Deno.test(`readProject() refuses a password with ${what} in one line that does not show it`, async () => {
    const SUPABASE_DB_URL =
      `postgresql://postgres.ref:${password}@pooler.example:5432/postgres`;
    await assert.rejects(
      readProject({ projectRef: "rehearsalofdeploymen" }, { SUPABASE_DB_URL }),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, said);
        assert.ok(!error.message.includes("\n"));
        assert.ok(!error.message.includes(password), error.message);
        return true;
      },
    );
  });
}

Deno.test("readProject() reads every character of an encoded password", async () => {
  const password = "%#/?[]@: 한글&=+";
  const { database } = await readProject(
    { projectRef: "rehearsalofdeploymen" },
    {
      SUPABASE_DB_URL: `postgresql://postgres:${
        encodeURIComponent(password)
      }@pooler.example:5432/postgres`,
    },
  );

  assert.equal(database?.password, password);
});

Deno.test("runSteps() stops at the first step that fails and tells done from not done", async () => {
  const lines: string[] = [];
  const step = (title: string, run: () => Promise<string>) => ({
    title,
    run,
    hint: `hint of ${title}`,
  });

  await assert.rejects(
    runSteps([
      step("one", () => Promise.resolve("well")),
      step("two", () => Promise.reject(new Error("no"))),
      step("three", () => assert.fail("must not run")),
    ], (line) => lines.push(line)),
    /Stopped at step 2 of 3\.\nDone: one\.\nNot done: two, three\.\nhint of two\n/,
  );

  assert.equal(lines[0], "[1/3] one");
  assert.match(lines[1] ?? "", /^ {6}well \(\d+\.\d s\)$/);
  assert.deepEqual(lines.slice(2), ["[2/3] two", "      failed: no"]);
});
