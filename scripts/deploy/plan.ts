import { createHash } from "node:crypto";
import { PROJECT_VARIABLES } from "../../stack/environment.ts";
import { compareHistory, type MigrationHistory } from "../hosted/history.ts";
import type { ProjectState } from "../hosted/inspect-project.ts";
import type { LocalFiles } from "../hosted/local-files.ts";
import { VAULT_NAMES } from "../hosted/names.ts";
import type { HostedProject } from "../hosted/project.ts";
import type { CheckedVariables } from "./variables.ts";

/** What a deployment will change. */
export interface Plan {
  history: MigrationHistory;
  secrets: {
    added: readonly string[];
    /** The project has them with another value. */
    replaced: readonly string[];
    unchanged: readonly string[];
    /** The project has them, and they are not set here. */
    left: readonly string[];
  };
  functions: { added: readonly string[]; replaced: readonly string[] };
}

function planSecrets(
  values: CheckedVariables["values"],
  digests: ProjectState["secretDigests"],
): Plan["secrets"] {
  const names = Object.keys(values);
  const isUnchanged = (name: string) =>
    digests.get(name) ===
      createHash("sha256").update(values[name] ?? "").digest("hex");
  const known = names.filter((name) => digests.has(name));
  return {
    added: names.filter((name) => !digests.has(name)),
    replaced: known.filter((name) => !isUnchanged(name)),
    unchanged: known.filter(isUnchanged),
    left: PROJECT_VARIABLES.filter((name) =>
      digests.has(name) && values[name] === undefined
    ),
  };
}

/** Works out what a deployment will change. */
export function createPlan(
  { local, state, variables }: {
    local: LocalFiles;
    state: ProjectState;
    variables: CheckedVariables;
  },
): Plan {
  return {
    history: compareHistory(local, state.database),
    secrets: planSecrets(variables.values, state.secretDigests),
    functions: {
      added: local.functions.filter((name) => !state.functions.includes(name)),
      replaced: local.functions
        .filter((name) => state.functions.includes(name)),
    },
  };
}

const LISTED_MIGRATIONS = 12;

function describeMigrations({ pending, unknown }: MigrationHistory): string[] {
  const files = pending.map(({ file }) => file);
  const shown = files.length <= LISTED_MIGRATIONS
    ? files
    : [files[0] ?? "", `… ${files.length - 2} more …`, files.at(-1) ?? ""];
  return [
    `Migrations  ${
      files.length === 0 ? "none to push" : `${files.length} to push`
    }`,
    ...shown.map((file) => `            ${file}`),
    ...(unknown.length === 0 ? [] : [
      `            ${unknown.length} recorded there that this checkout does not have: left alone`,
    ]),
  ];
}

/** A heading once, then one line for each label that has names. */
function list(
  heading: string,
  groups: readonly [string, readonly string[]][],
): string[] {
  const lines = groups.filter(([, names]) => names.length > 0)
    .map(([label, names]) => `${label}: ${names.join(", ")}`);
  return (lines.length === 0 ? ["nothing to change"] : lines)
    .map((line, index) => `${(index === 0 ? heading : "").padEnd(12)}${line}`);
}

/** Writes a plan for the person who has to agree to it; secrets by name only. */
export function describePlan(
  { plan, project, variables }: {
    plan: Plan;
    project: HostedProject;
    variables: CheckedVariables;
  },
): string {
  const { secrets, functions } = plan;
  return [
    `Project     ${project.ref}, ${project.url}`,
    `Toss        ${
      variables.mode === "live"
        ? "LIVE keys: real money moves"
        : "test keys: no real money moves"
    }`,
    ...describeMigrations(plan.history),
    ...list("Secrets", [
      ["new", secrets.added],
      ["replaced, the project has another value", secrets.replaced],
      ["unchanged", secrets.unchanged],
      ["set there and not here, left as they are", secrets.left],
      ["taken from the environment, not the file", variables.fromEnvironment],
      ["in the file and no variable of ours, left out", variables.foreign],
    ]),
    ...list("Functions", [
      ["new", functions.added],
      ["replaced", functions.replaced],
    ]),
    `Vault       ${VAULT_NAMES.url} = ${project.url}, ${VAULT_NAMES.cronSecret} = CRON_SECRET`,
    "Schedules   one pg_cron job for each row of toss_private.jobs",
  ].join("\n");
}
