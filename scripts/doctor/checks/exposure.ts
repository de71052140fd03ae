import { type Answer, field } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { keyHeaders } from "../target.ts";

/** What holds secrets, or lets whoever reaches it act for the database. */
const SECRET_SCHEMAS = ["toss_private", "vault", "cron", "net"];

/** What PostgREST answers about a schema that it serves, be the table there or not. */
const SERVED_CODES = new Set(["42501", "42P01", "PGRST205"]);

/** No secret schema can be reached through the API, and every table of ours has row level security. */
export const checkExposure: Check = async (context) => [
  await checkSchemas(context),
  checkRowLevelSecurity(context),
];

/** What the Data API says to a question about a schema: null when it tells nothing about it. */
function isServed(answer: Answer): boolean | null {
  if (answer.outcome === "unreachable") return null;
  const code = field(answer.body, "code");
  if (code === "PGRST106") return false;
  return answer.status === 200 || SERVED_CODES.has(code ?? "") ? true : null;
}

async function checkSchemas({ ask, target, database }: Context) {
  const check = "exposed_schemas";
  if (
    database.outcome === "unknown" && database.problem.check !== "migrations"
  ) {
    return unchecked(check, database.problem.check);
  }
  const answers = await Promise.all(SECRET_SCHEMAS.map(async (schema) => ({
    schema,
    served: isServed(
      await ask({
        url: `${target.url}/rest/v1/jobs?limit=0`,
        headers: { ...keyHeaders(target.secretKey), "accept-profile": schema },
      }),
    ),
  })));
  const exposed = answers.filter(({ served }) => served === true);
  if (exposed.length > 0) {
    return fail(
      check,
      `the API serves ${exposed.map(({ schema }) => schema).join(", ")}`,
      "Take it out of Supabase dashboard → Project Settings → Data API → Exposed schemas.",
    );
  }
  return answers.some(({ served }) => served === null)
    ? unchecked(check, "data_api")
    : ok(check, `the API does not serve ${SECRET_SCHEMAS.join(", ")}`);
}

function checkRowLevelSecurity({ database, files }: Context): Finding {
  const check = "row_level_security";
  if (database.outcome === "unknown") {
    return unchecked(check, database.problem.check);
  }
  const open = database.diagnosis.tablesWithoutRls;
  const ours = open.filter((table) => files.tables.has(table));
  if (ours.length > 0) {
    return fail(
      check,
      `is off for ${ours.join(", ")}`,
      ours.map((table) => `alter table ${table} enable row level security;`)
        .join(" "),
    );
  }
  return open.length === 0 ? ok(check, "is on for every table") : warn(
    check,
    `is on for every table of this project, and off for ${open.join(", ")}`,
    "Look at these tables: without it, whoever may use a table reaches all its rows.",
  );
}
