import process from "node:process";
import { parseArgs } from "node:util";
import { type Finding, hasFailed } from "./doctor/finding.ts";
import { runDoctor } from "./doctor/run-doctor.ts";
import type { DoctorTarget } from "./doctor/target.ts";
import { findProject } from "./operator/find-project.ts";
import { readDotEnv } from "./stack/dot-env.ts";

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
With several local stacks, PORT says which one.`;

const OPTIONS = {
  json: { type: "boolean" },
  help: { type: "boolean" },
  "env-file": { type: "string" },
} as const;

/** How the command was called; `problem` when it cannot be understood. */
type Call =
  | { outcome: "help" }
  | { outcome: "problem"; problem: string }
  | { outcome: "run"; json: boolean; envFile: string | null };

function readCall(): Call {
  try {
    const { values } = parseArgs({ args: Deno.args, options: OPTIONS });
    if (values.help) return { outcome: "help" };
    const envFile = values["env-file"] ?? null;
    return { outcome: "run", json: values.json ?? false, envFile };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: "problem", problem };
  }
}

async function findTarget(
  variables: Record<string, string> | null,
): Promise<DoctorTarget | null> {
  const environment = { ...variables, ...Deno.env.toObject() };
  const project = await findProject(environment);
  return project === null ? null : {
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
  { json, envFile }: { json: boolean; envFile: string | null },
): Promise<number> {
  if (envFile !== null && !await isFile(envFile)) {
    console.error(`There is no file ${envFile}.`);
    return 2;
  }
  const variables = envFile === null ? null : await readDotEnv(envFile);
  const target = await findTarget(variables);
  if (target === null) {
    console.error(
      "Set SUPABASE_URL and SUPABASE_SECRET_KEY, or start a local stack: npx -y deno task dev",
    );
    return 2;
  }
  const findings = await runDoctor(target);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else print(findings);
  return hasFailed(findings) ? 1 : 0;
}

async function main(): Promise<number> {
  const call = readCall();
  switch (call.outcome) {
    case "help":
      console.log(HELP);
      return 0;
    case "problem":
      console.error(`${call.problem}\n\n${HELP}`);
      return 2;
    case "run":
      return await examine(call);
  }
}

process.exit(await main());
