import { commandEnvironment } from "../project/command-environment.ts";
import { StopError } from "../door/errors.ts";
import { agree, type Asker, createAsker } from "../hosted/ask.ts";
import { inspectProject } from "../hosted/inspect-project.ts";
import { readLocalFiles } from "../hosted/local-files.ts";
import type { Options } from "./command.ts";
import { outliveInterrupt } from "../hosted/outlive-interrupt.ts";
import { type HostedProject, readProject } from "../hosted/project.ts";
import { createRedactor } from "../hosted/redactor.ts";
import { runSteps } from "../hosted/steps.ts";
import { createSupabaseCli } from "../hosted/supabase-cli.ts";
import {
  describeUninstall,
  planUninstall,
  type UninstallPlan,
} from "./plan.ts";
import { uninstallSteps } from "./steps.ts";

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

/** Uninstalls, after it has asked. */
export async function run(options: Options): Promise<number> {
  outliveInterrupt();
  const project = await readProject(
    options,
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
  const { dropData, dryRun } = options;
  const plan = planUninstall({ local, state, dropData });
  if (!plan.isInstalled) {
    console.log("Nothing of this project is installed there.");
    return 0;
  }
  console.log(describeUninstall(plan, project));
  if (dryRun || !await confirm(plan, project, options.yes)) {
    console.log("\nNothing was changed.");
    return dryRun ? 0 : 1;
  }
  await runSteps(
    uninstallSteps({ cli, plan }),
    (line) => console.log(line),
  );
  console.log("\nUninstalled.");
  return 0;
}
