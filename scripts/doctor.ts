import { commandEnvironment } from "./command/command-environment.ts";
import { findProject, type Project } from "./command/open-project.ts";
import { runCommand, type Values } from "./command/run-command.ts";
import { StopError } from "./command/stop-error.ts";
import { type Finding, hasFailed } from "./doctor/finding.ts";
import { runDoctor } from "./doctor/run-doctor.ts";
import type { DoctorTarget } from "./doctor/target.ts";
import { readDotEnv } from "./command/dot-env.ts";

const HELP =
  `Checks a deployment, or the local stack, link by link. Changes nothing.

  npx -y deno task doctor                     the local stack that runs now
  npx -y deno task doctor --env-file .env     compares with the variables you mean to use
  npx -y deno task doctor --json              [{ check, level, detail, action }]

A hosted project is named by variables of the environment, or of the file:
  SUPABASE_URL                https://<ref>.supabase.co
  SUPABASE_SECRET_KEY         sb_secret_…
  SUPABASE_PUBLISHABLE_KEY    sb_publishable_…
  SUPABASE_ACCESS_TOKEN       sbp_…, optional: tells the region

Every check is ok, warn or fail, and says what to do. Exits with 1 when one fails, with 2
when there is nothing to check.
With several local stacks, PORT or DB_DIR says which one.`;

const OPTIONS = {
  json: { type: "boolean", default: false },
  "env-file": { type: "string" },
} as const;

/** The project to examine; null, with the reason told, when there is none. */
async function findTarget(
  variables: Record<string, string> | null,
): Promise<DoctorTarget | null> {
  const environment = { ...variables, ...commandEnvironment() };
  let project: Project;
  try {
    project = await findProject(environment);
  } catch (error) {
    if (!(error instanceof StopError)) throw error;
    console.error(error.message);
    return null;
  }
  return {
    ...project,
    variables,
    accessToken: environment.SUPABASE_ACCESS_TOKEN || null,
  };
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}

function print(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, level, detail, action } of findings) {
    console.log(`${level.padEnd(4)}  ${check.padEnd(width)}  ${detail}`);
    if (action !== null) console.log(`${" ".repeat(width + 8)}→ ${action}`);
  }
  const count = (level: Finding["level"]) =>
    findings.filter((finding) => finding.level === level).length;
  console.log(
    `\n${count("ok")} ok, ${count("warn")} warn, ${count("fail")} fail`,
  );
}

async function examine(
  { json, "env-file": envFile }: Values<typeof OPTIONS>,
): Promise<number> {
  if (envFile !== undefined && !await isFile(envFile)) {
    console.error(`There is no file ${envFile}.`);
    return 2;
  }
  const variables = envFile === undefined ? null : await readDotEnv(envFile);
  const target = await findTarget(variables);
  if (target === null) return 2;
  const findings = await runDoctor(target);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else print(findings);
  return hasFailed(findings) ? 1 : 0;
}

await runCommand({
  name: "doctor",
  help: HELP,
  options: OPTIONS,
  run: examine,
});
