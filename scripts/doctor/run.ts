import { commandEnvironment } from "../project/command-environment.ts";
import { findProject } from "../project/open-project.ts";
import { StopError, UsageError } from "../door/errors.ts";
import type { Options } from "./command.ts";
import { type Finding, hasFailed } from "./finding.ts";
import { runDoctor } from "./run-doctor.ts";
import type { DoctorTarget } from "./target.ts";
import { readDotEnv } from "../project/dot-env.ts";

/** The project to examine; without one there is nothing to check, which is not the same as a failed check. */
async function findTarget(
  variables: Record<string, string> | null,
): Promise<DoctorTarget> {
  const environment = { ...variables, ...commandEnvironment() };
  const project = await findProject(environment).catch((error) => {
    throw error instanceof StopError
      ? new UsageError(error.message, { cause: error })
      : error;
  });
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

/** Examines the project, prints what it finds; 1 when a check fails. */
export async function run({ json, envFile }: Options): Promise<number> {
  if (envFile !== undefined && !await isFile(envFile)) {
    throw new UsageError(`There is no file ${envFile}`);
  }
  const variables = envFile === undefined ? null : await readDotEnv(envFile);
  const findings = await runDoctor(await findTarget(variables));
  if (json) console.log(JSON.stringify(findings, null, 2));
  else print(findings);
  return hasFailed(findings) ? 1 : 0;
}
