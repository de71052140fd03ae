import { secretValues } from "../../supabase/functions/_shared/config/secret-values.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { StopError, UsageError } from "../door/errors.ts";
import { agree, createAsker } from "../hosted/ask.ts";
import { type Deployment, deploySteps } from "./deploy-steps.ts";
import { findConflicts } from "./find-conflicts.ts";
import { inspectProject } from "../hosted/inspect-project.ts";
import { readLocalFiles } from "../hosted/local-files.ts";
import type { Options } from "./command.ts";
import { outliveInterrupt } from "../hosted/outlive-interrupt.ts";
import { createPlan, describePlan } from "./plan.ts";
import { type HostedProject, readProject } from "../hosted/project.ts";
import { createRedactor } from "../hosted/redactor.ts";
import { runSteps } from "../hosted/steps.ts";
import { createSupabaseCli, type SupabaseCli } from "../hosted/supabase-cli.ts";
import { type CheckedVariables, readVariables } from "./variables.ts";

const environment = commandEnvironment();

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}

async function checkVariables(
  given: string | undefined,
  project: HostedProject,
): Promise<CheckedVariables> {
  const file = given ?? ".env";
  const exists = await isFile(file);
  if (given !== undefined && !exists) {
    throw new UsageError(`There is no file ${given}`);
  }
  const result = await readVariables({
    file,
    environment,
    projectUrl: project.url,
  });
  if (result.ok) return result.variables;
  throw new StopError([
    exists
      ? `The variables in ${file} cannot be used:`
      : `There is no file ${file} (copy .env.example), and the environment alone is not enough:`,
    ...result.problems.map((problem) => `  ${problem}`),
    "Nothing was changed.",
  ].join("\n"));
}

function refuse(conflicts: readonly string[]): never {
  throw new StopError([
    "The project has these already, and they are not ours:",
    ...conflicts.map((conflict) => `  ${conflict}`),
    "Nothing was changed. Rename or remove them, or use another project: this one would be overwritten or would not work.",
    "If they do come from this project and only its migration history was lost, mark the migrations as applied:",
    "npx supabase migration repair --status applied <version>",
  ].join("\n"));
}

function openCli(
  project: HostedProject,
  variables: CheckedVariables,
): SupabaseCli {
  return createSupabaseCli({
    projectRef: project.ref,
    redact: createRedactor([
      ...secretValues(variables.values),
      environment.SUPABASE_ACCESS_TOKEN ?? "",
      project.database?.password ?? "",
    ]),
  });
}

/** The token opens the official management API; a profile names another one, which doctor does not know. */
function officialAccessToken(): string | null {
  return environment.SUPABASE_PROFILE
    ? null
    : environment.SUPABASE_ACCESS_TOKEN || null;
}

/** What is to be deployed; null when it was only to be shown, or nobody agreed. */
async function prepare(
  project: HostedProject,
  options: Options,
): Promise<Deployment | null> {
  const variables = await checkVariables(options.envFile, project);
  const cli = openCli(project, variables);
  const local = await readLocalFiles();
  console.log(
    `Looking at ${project.ref} through the Supabase CLI; nothing is changed yet …`,
  );
  const state = await inspectProject(cli, local);
  const conflicts = findConflicts(local, state);
  if (conflicts.length > 0) refuse(conflicts);
  const plan = createPlan({ local, state, variables });
  console.log(describePlan({ plan, project, variables }));
  if (options.dryRun || !await agree(createAsker(), options.yes)) {
    console.log("\nNothing was changed.");
    return null;
  }
  const accessToken = officialAccessToken();
  return { cli, project, local, plan, variables, accessToken };
}

/** Deploys, after it has asked. */
export async function run(options: Options): Promise<number> {
  outliveInterrupt();
  const project = await readProject(
    options,
    environment,
  );
  const deployment = await prepare(project, options);
  if (deployment === null) return options.dryRun ? 0 : 1;
  await runSteps(deploySteps(deployment), (line) => console.log(line));
  const hasToken = deployment.variables.values.WEBHOOK_URL_TOKEN !== undefined;
  console.log(
    `\nDeployed. Register the webhook at Toss: ${project.url}/functions/v1/webhook${
      hasToken ? "?token=<WEBHOOK_URL_TOKEN>" : ""
    }`,
  );
  return 0;
}
