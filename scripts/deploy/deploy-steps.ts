import { checkProject } from "./check-project.ts";
import type { LocalFiles } from "../hosted/local-files.ts";
import type { Plan } from "./plan.ts";
import type { HostedProject } from "../hosted/project.ts";
import { pushMigrations } from "./push-migrations.ts";
import { setSecrets } from "./set-secrets.ts";
import type { Step } from "../hosted/steps.ts";
import type { SupabaseCli } from "../hosted/supabase-cli.ts";
import type { CheckedVariables } from "./variables.ts";
import { scheduleJobs, storeVaultValues } from "../hosted/wake-up-sql.ts";

/** What a deployment works with. */
export interface Deployment {
  cli: SupabaseCli;
  project: HostedProject;
  local: LocalFiles;
  plan: Plan;
  variables: CheckedVariables;
  /** For doctor's questions to the official management API; null = none. */
  accessToken: string | null;
}

function migrationStep(deployment: Deployment): Step {
  const { cli, project, local, plan: { history } } = deployment;
  return {
    title: "migrations",
    hint:
      "Each migration runs in one transaction, so the one that failed left nothing. If the database could not be reached: " +
      "set SUPABASE_DB_URL to the connection string of the session pooler (Dashboard → Connect).",
    async run(say) {
      if (history.pending.length === 0) return "nothing to push";
      await pushMigrations(cli, { project, local, history, say });
      return `${history.pending.length} pushed`;
    },
  };
}

function secretStep({ cli, plan: { secrets }, variables }: Deployment): Step {
  return {
    title: "secrets",
    hint: "Functions that run already see new secrets with their next start.",
    async run() {
      const names = [...secrets.added, ...secrets.replaced];
      if (names.length === 0) return "nothing to set";
      const values = Object.entries(variables.values)
        .filter(([name]) => names.includes(name));
      await setSecrets(cli, Object.fromEntries(values));
      return `set: ${names.join(", ")}`;
    },
  };
}

// One call for each: the CLI deploys what is left when one of several fails, and does not say which failed.
function functionStep({ cli }: Deployment, name: string): Step {
  return {
    title: `function ${name}`,
    hint:
      "Functions that are done run the new code, the others still the old one. The log is in the Dashboard → Edge Functions.",
    async run() {
      await cli({ args: ["functions", "deploy", name, "--use-api", "--yes"] });
      return "deployed";
    },
  };
}

const EXTENSION_HINT =
  "If an extension is missing: Dashboard → Database → Extensions, enable pg_cron, pg_net and supabase_vault.";

function vaultStep({ cli, project, variables }: Deployment): Step {
  return {
    title: "Vault values",
    hint: EXTENSION_HINT,
    async run() {
      const stored = await storeVaultValues(cli, {
        url: project.url,
        cronSecret: variables.values.CRON_SECRET ?? "",
      });
      return stored.map(({ name, change }) => `${name} ${change}`).join(", ");
    },
  };
}

function scheduleStep({ cli }: Deployment): Step {
  return {
    title: "schedules",
    hint: EXTENSION_HINT,
    async run() {
      const jobs = await scheduleJobs(cli);
      return jobs.map(({ name, owner }) => `${name} of ${owner}`).join(", ");
    },
  };
}

function doctorStep(deployment: Deployment): Step {
  const { cli, project, variables, accessToken } = deployment;
  return {
    title: "doctor",
    hint:
      "Everything is deployed; what failed is in the lines above, each with what to do about it.",
    run: (say) =>
      checkProject(cli, {
        project,
        variables: variables.values,
        accessToken,
        say,
      }),
  };
}

/**
 * The steps of a deployment, in the order in which each finds what it needs: tables before functions, secrets before
 * the code that reads them, and schedules only when what they wake is there.
 */
export function deploySteps(deployment: Deployment): Step[] {
  return [
    migrationStep(deployment),
    secretStep(deployment),
    ...deployment.local.functions.map((name) => functionStep(deployment, name)),
    vaultStep(deployment),
    scheduleStep(deployment),
    doctorStep(deployment),
  ];
}
