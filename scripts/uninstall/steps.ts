import { dataDropSql } from "./drop-data.ts";
import { literal, runSql } from "../hosted/run-sql.ts";
import type { Step } from "../hosted/steps.ts";
import type { SupabaseCli } from "../hosted/supabase-cli.ts";
import type { UninstallPlan } from "./plan.ts";
import { unscheduleJobs } from "../hosted/wake-up-sql.ts";

/** What an uninstallation works with. */
export interface Uninstallation {
  cli: SupabaseCli;
  plan: UninstallPlan;
}

function scheduleStep({ cli }: Uninstallation): Step {
  return {
    title: "schedules",
    async run() {
      const left = await unscheduleJobs(cli);
      return left.length === 0
        ? "removed"
        : `removed, but for those that only their own role can remove: ${
          left.map(({ name, owner }) => `${name} of ${owner}`).join(", ")
        }`;
    },
  };
}

function functionStep({ cli }: Uninstallation, name: string): Step {
  return {
    title: `function ${name}`,
    async run() {
      await cli({ args: ["functions", "delete", name, "--yes"] });
      return "deleted";
    },
  };
}

function secretStep({ cli, plan: { secrets } }: Uninstallation): Step {
  return {
    title: "secrets",
    async run() {
      await cli({ args: ["secrets", "unset", ...secrets, "--yes"] });
      return `unset: ${secrets.join(", ")}`;
    },
  };
}

function vaultStep({ cli, plan: { vaultNames } }: Uninstallation): Step {
  return {
    title: "Vault values",
    async run() {
      const names = vaultNames.map(literal).join(", ");
      const sql = `delete from vault.secrets as s where s.name in (${names})`;
      await runSql(cli, { sql });
      return `deleted: ${vaultNames.join(", ")}`;
    },
  };
}

function dataStep(
  { cli }: Uninstallation,
  data: NonNullable<UninstallPlan["data"]>,
): Step {
  return {
    title: "data",
    hint:
      "It is all or nothing, so nothing of the data is gone. What depends on a table of ours has to go first.",
    async run() {
      await runSql(cli, { sql: dataDropSql(data) });
      return `${data.statements.length} objects dropped`;
    },
  };
}

/**
 * The steps of an uninstallation: what starts work goes first, what work needs goes last. What is not there has no
 * step.
 */
export function uninstallSteps(uninstallation: Uninstallation): Step[] {
  const { jobs, functions, secrets, vaultNames, data } = uninstallation.plan;
  return [
    ...(jobs.length === 0 ? [] : [scheduleStep(uninstallation)]),
    ...functions.map((name) => functionStep(uninstallation, name)),
    ...(secrets.length === 0 ? [] : [secretStep(uninstallation)]),
    ...(vaultNames.length === 0 ? [] : [vaultStep(uninstallation)]),
    ...(data === null ? [] : [dataStep(uninstallation, data)]),
  ];
}
