import { commandEnvironment } from "./command/command-environment.ts";
import { runCommand, type Values } from "./command/run-command.ts";
import { StopError } from "./command/stop-error.ts";
import { agree, type Asker, createAsker } from "./deploy/ask.ts";
import { inspectProject } from "./deploy/inspect-project.ts";
import { readLocalFiles } from "./deploy/local-files.ts";
import { PROJECT_HELP, PROJECT_OPTIONS } from "./deploy/options.ts";
import { outliveInterrupt } from "./deploy/outlive-interrupt.ts";
import { type HostedProject, readProject } from "./deploy/project.ts";
import { createRedactor } from "./deploy/redactor.ts";
import { runSteps } from "./deploy/steps.ts";
import { createSupabaseCli } from "./deploy/supabase-cli.ts";
import {
  describeUninstall,
  planUninstall,
  type UninstallPlan,
} from "./deploy/uninstall-plan.ts";
import { uninstallSteps } from "./deploy/uninstall-steps.ts";

const HELP =
  `Removes this project from a hosted Supabase project: schedules, edge functions, their secrets and
the Vault values. The data stay. Shows what will go and asks first.

  npx -y deno task uninstall --project-ref REF [options]

  --drop-data        also drops our tables and functions of the database, with every order and
                     payment in them; asks for the project ref to be typed, even with --yes
${PROJECT_HELP}

Safe to repeat: what is gone already is skipped. Secrets go by name: see whether other functions
of the project read them. Extensions and everything that is not ours stay; when something of
yours depends on a table of ours, no data are dropped. Exit code: 0 = done, 1 = stopped or
refused, 2 = wrong options. More: docs/operations.md`;

const OPTIONS = {
  ...PROJECT_OPTIONS,
  "drop-data": { type: "boolean", default: false },
} as const;

const environment = commandEnvironment();

/** Nobody loses data by a reflex: the ref must be typed, through whatever stands for the keyboard. */
async function confirmDrop(
  asker: Asker,
  { ref }: HostedProject,
): Promise<void> {
  const typed = await asker.ask(
    `\nThe data cannot be brought back. Type the project ref to drop them: `,
  );
  if (typed === ref) return;
  throw new StopError("That is not the project ref. Nothing was changed.");
}

async function confirm(
  plan: UninstallPlan,
  project: HostedProject,
  yes: boolean,
): Promise<boolean> {
  const asker = createAsker();
  if (!await agree(asker, yes)) return false;
  if (plan.data !== null) await confirmDrop(asker, project);
  return true;
}

async function uninstall(options: Values<typeof OPTIONS>): Promise<number> {
  outliveInterrupt();
  const project = await readProject(
    { projectRef: options["project-ref"], url: options.url },
    environment,
  );
  const cli = createSupabaseCli({
    projectRef: project.ref,
    redact: createRedactor([environment.SUPABASE_ACCESS_TOKEN ?? ""]),
  });
  const local = await readLocalFiles();
  console.log(
    `Looking at ${project.ref} through the Supabase CLI; nothing is changed yet …`,
  );
  const state = await inspectProject(cli, local);
  const dropData = options["drop-data"];
  const plan = planUninstall({ local, state, dropData });
  if (!plan.isInstalled) {
    console.log("Nothing of this project is installed there.");
    return 0;
  }
  console.log(describeUninstall(plan, project));
  if (options["dry-run"] || !await confirm(plan, project, options.yes)) {
    console.log("\nNothing was changed.");
    return options["dry-run"] ? 0 : 1;
  }
  await runSteps(
    uninstallSteps({ cli, plan }),
    (line) => console.log(line),
  );
  console.log("\nUninstalled.");
  return 0;
}

await runCommand({
  name: "uninstall",
  help: HELP,
  options: OPTIONS,
  run: uninstall,
});
