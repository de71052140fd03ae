import type { Check, Context } from "../context.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { isLocal } from "../target.ts";

/** The oldest Postgres whose SQL the migrations speak. */
const MINIMUM_POSTGRES = 15;

/** The Data API answers, the migrations are there, Postgres and its extensions are what the schedules need. */
export const checkDatabase: Check = (context) => {
  const { database } = context;
  if (database.outcome === "known") {
    return [
      ok("data_api", "the Data API answers"),
      judgeMigrations(context, database.diagnosis),
      judgePostgres(database.diagnosis),
      ...judgeExtensions(context, database.diagnosis),
    ];
  }
  const { check, detail } = database.problem;
  return [
    check === "data_api"
      ? fail(
        "data_api",
        detail,
        "Look at the project's status page and at Database → Logs; a paused project has to be restored first.",
      )
      : ok("data_api", "the Data API answers"),
    check === "migrations"
      ? fail("migrations", detail, applyMigrations(context))
      : unchecked("migrations", check),
    unchecked("postgres", check),
    unchecked("extensions", check),
  ];
};

function applyMigrations({ target }: Context): string {
  return isLocal(target)
    ? "Start the local stack again: it applies what is missing."
    : "Run: npx -y deno task deploy";
}

function judgeMigrations(context: Context, { migrations }: Diagnosis): Finding {
  const { files } = context;
  if (migrations === null) {
    return warn(
      "migrations",
      "the database keeps no history of migrations",
      "Apply migrations with: npx -y deno task deploy",
    );
  }
  const applied = new Set(migrations);
  const missing = files.migrations.filter((version) => !applied.has(version));
  return missing.length === 0
    ? ok("migrations", `all ${files.migrations.length} are applied`)
    : fail(
      "migrations",
      `${missing.length} not applied, the first is ${missing[0]}`,
      applyMigrations(context),
    );
}

function judgePostgres({ serverVersion }: Diagnosis): Finding {
  const major = Math.floor(serverVersion / 10_000);
  return major >= MINIMUM_POSTGRES ? ok("postgres", `version ${major}`) : fail(
    "postgres",
    `version ${major}; ${MINIMUM_POSTGRES} or newer is needed`,
    "Upgrade it: Supabase dashboard → Project Settings → Infrastructure.",
  );
}

function judgeExtensions(
  { target }: Context,
  { extensions }: Diagnosis,
): Finding[] {
  return extensions.map((extension) => {
    const { name, isUsable, installedVersion, availableVersion } = extension;
    const check = `extension:${name}`;
    if (!isUsable) {
      return fail(
        check,
        "is not there, so nothing wakes the worker",
        `Enable it (Supabase dashboard → Database → Extensions), then: select toss_private.schedule_jobs();`,
      );
    }
    if (installedVersion === null) {
      return isLocal(target)
        ? ok(check, "the local stack's own stands in for it")
        : warn(
          check,
          "its tables are there, but it is not installed",
          "Find out what made them; the schedules may not run.",
        );
    }
    return installedVersion === availableVersion || availableVersion === null
      ? ok(check, `version ${installedVersion}`)
      : warn(
        check,
        `version ${installedVersion}; ${availableVersion} is available`,
        `At a quiet hour: alter extension ${name} update;`,
      );
  });
}
