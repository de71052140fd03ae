import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { type DataDrop, planDataDrop } from "./drop-data.ts";
import { compareHistory } from "../hosted/history.ts";
import type { ProjectState } from "../hosted/inspect-project.ts";
import type { LocalFiles } from "../hosted/local-files.ts";
import type { HostedProject } from "../hosted/project.ts";

/** What an uninstallation takes away. */
export interface UninstallPlan {
  /** Whether a migration of ours has run; without one nothing in the project can be ours. */
  isInstalled: boolean;
  jobs: readonly { name: string; owner: string }[];
  functions: readonly string[];
  secrets: readonly string[];
  vaultNames: readonly string[];
  /** Null = the data stay. */
  data: DataDrop | null;
}

/** Works out what an uninstallation takes away. */
export function planUninstall(
  { local, state, dropData }: {
    local: LocalFiles;
    state: ProjectState;
    dropData: boolean;
  },
): UninstallPlan {
  const { database } = state;
  return {
    isInstalled: compareHistory(local, database).applied.length > 0,
    jobs: database.cronJobs.map(({ name, owner }) => ({ name, owner })),
    functions: local.functions
      .filter((name) => state.functions.includes(name)),
    secrets: PROJECT_VARIABLES.filter((name) => state.secretDigests.has(name)),
    vaultNames: database.vaultNames,
    data: dropData ? planDataDrop(local, database) : null,
  };
}

function line(heading: string, names: readonly string[]): string {
  return `${heading.padEnd(12)}${names.join(", ") || "none"}`;
}

/** Writes the plan for the person who has to agree to it. */
export function describeUninstall(
  plan: UninstallPlan,
  project: HostedProject,
): string {
  const { data } = plan;
  return [
    line("Project", [project.ref, project.url]),
    line(
      "Schedules",
      plan.jobs.map(({ name, owner }) => `${name} of ${owner}`),
    ),
    line("Functions", plan.functions),
    line("Secrets", plan.secrets),
    line("Vault", plan.vaultNames),
    data === null
      ? "Data        stays: tables, functions of the database, migration history (--drop-data)"
      : line("Data", [
        `${data.statements.length} objects and ${data.applied.length} lines of the migration history, with every order and payment in`,
        ...data.tables,
      ]),
  ].join("\n");
}
