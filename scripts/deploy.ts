import { secretValues } from "../supabase/functions/_shared/config/secret-values.ts";
import { commandEnvironment } from "./command/command-environment.ts";
import { runCommand, type Values } from "./command/run-command.ts";
import { StopError, UsageError } from "./command/stop-error.ts";
import { agree, createAsker } from "./deploy/ask.ts";
import { type Deployment, deploySteps } from "./deploy/deploy-steps.ts";
import { findConflicts } from "./deploy/find-conflicts.ts";
import { inspectProject } from "./deploy/inspect-project.ts";
import { readLocalFiles } from "./deploy/local-files.ts";
import { PROJECT_HELP, PROJECT_OPTIONS } from "./deploy/options.ts";
import { outliveInterrupt } from "./deploy/outlive-interrupt.ts";
import { createPlan, describePlan } from "./deploy/plan.ts";
import { type HostedProject, readProject } from "./deploy/project.ts";
import { createRedactor } from "./deploy/redactor.ts";
import { runSteps } from "./deploy/steps.ts";
import { createSupabaseCli, type SupabaseCli } from "./deploy/supabase-cli.ts";
import { type CheckedVariables, readVariables } from "./deploy/variables.ts";

const HELP =
  `Brings this checkout to a hosted Supabase project: migrations, secrets, edge functions, Vault
values and schedules; then runs doctor against the result. Shows what will change and asks first.

  npx -y deno task deploy --project-ref REF [options]

  --env-file PATH    the functions' variables, as in .env.example (.env); one that is set in the
                     environment wins over the file
${PROJECT_HELP}
  SUPABASE_DB_URL        where the migrations are pushed, as role postgres, when the CLI cannot
                         connect by itself: the session pooler's connection string

Safe to repeat: what is there already is skipped or done again. Stops at the first step that
fails and says how to go on. Exit code: 0 = deployed and doctor found nothing broken, 1 = stopped
or refused, 2 = wrong options. Every step, and what to do when one stops: docs/operations.md`;

const OPTIONS = {
  ...PROJECT_OPTIONS,
  "env-file": { type: "string" },
} as const;

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
    throw new UsageError(`There is no file ${given}.`);
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
  options: Values<typeof OPTIONS>,
): Promise<Deployment | null> {
  const variables = await checkVariables(options["env-file"], project);
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
  if (options["dry-run"] || !await agree(createAsker(), options.yes)) {
    console.log("\nNothing was changed.");
    return null;
  }
  const accessToken = officialAccessToken();
  return { cli, project, local, plan, variables, accessToken };
}

async function deploy(options: Values<typeof OPTIONS>): Promise<number> {
  outliveInterrupt();
  const project = await readProject(
    { projectRef: options["project-ref"], url: options.url },
    environment,
  );
  const deployment = await prepare(project, options);
  if (deployment === null) return options["dry-run"] ? 0 : 1;
  await runSteps(deploySteps(deployment), (line) => console.log(line));
  const hasToken = deployment.variables.values.WEBHOOK_URL_TOKEN !== undefined;
  console.log(
    `\nDeployed. Register the webhook at Toss: ${project.url}/functions/v1/webhook${
      hasToken ? "?token=<WEBHOOK_URL_TOKEN>" : ""
    }`,
  );
  return 0;
}

await runCommand({
  name: "deploy",
  help: HELP,
  options: OPTIONS,
  run: deploy,
});
