import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { isLocal } from "../target.ts";

/** What to store under each name. */
const VAULT_VALUES = {
  supabase_tosspayments_url: "<address>",
  supabase_tosspayments_cron_secret: "<CRON_SECRET>",
} as const;

/** Vault holds what the schedules need, and a call of the database reaches the functions. */
export const checkWakeUp: Check = (context) => [
  judgeVault(context),
  judgePgNet(context),
];

function judgeVault({ target, database }: Context): Finding {
  const check = "vault";
  if (database.outcome === "unknown") {
    return unchecked(check, database.problem.check);
  }
  const { vault } = database.diagnosis;
  if (vault === null) return unchecked(check, "extension:supabase_vault");
  const missing = [
    vault.hasUrl ? null : "supabase_tosspayments_url" as const,
    vault.hasCronSecret ? null : "supabase_tosspayments_cron_secret" as const,
  ].filter((name) => name !== null);
  if (missing.length > 0) {
    const store = missing.map((name) =>
      `select vault.create_secret('${VAULT_VALUES[name]}', '${name}');`
    ).join(" ");
    return fail(
      check,
      `lacks ${missing.join(" and ")}`,
      isLocal(target) ? store : `${store} Or run: npx -y deno task deploy`,
    );
  }
  if (vault.url === null) {
    return fail(
      check,
      "supabase_tosspayments_url is no address such as https://<ref>.supabase.co",
      "select vault.update_secret(id, '<address>') from vault.secrets where name = 'supabase_tosspayments_url';",
    );
  }
  // On this machine the database may know the functions under another name.
  const isElsewhere = !isLocal(target) &&
    new URL(vault.url).origin !== new URL(target.url).origin;
  return isElsewhere
    ? warn(
      check,
      `the database wakes ${vault.url}, which is not ${target.url}`,
      "Right if it is another address of this project. Otherwise: select vault.update_secret(id, '<address>') from vault.secrets where name = 'supabase_tosspayments_url';",
    )
    : ok(check, `holds the secret and the address ${vault.url}`);
}

/** The check to mend before a call of the database can say anything; null when the call itself does. */
export function wakeUpObstacle(context: Context): string | null {
  const { database, wakeUp, functions } = context;
  if (database.outcome === "unknown") return database.problem.check;
  if (wakeUp.outcome === "extension_missing") {
    const missing = database.diagnosis.extensions
      .find(({ name, isUsable }) => name !== "pg_cron" && !isUsable);
    return `extension:${missing?.name ?? "pg_net"}`;
  }
  if (judgeVault(context).level === "fail") return "vault";
  const { health } = functions;
  return health.outcome === "unreachable" || !health.isOurs
    ? "function:health"
    : null;
}

function judgePgNet(context: Context): Finding {
  const check = "pg_net";
  const obstacle = wakeUpObstacle(context);
  if (obstacle !== null) return unchecked(check, obstacle);
  const { wakeUp } = context;
  const address =
    "Check supabase_tosspayments_url in Vault, and that the database may reach it.";
  switch (wakeUp.outcome) {
    case "answered":
      return wakeUp.isOurs
        ? ok(check, "a call of the database reaches the functions")
        : fail(
          check,
          `something else answers where the functions should be: HTTP ${wakeUp.status}`,
          address,
        );
    case "failed":
      return fail(
        check,
        `a call of the database does not arrive: ${
          wakeUp.error ?? "no reason given"
        }`,
        address,
      );
    case "waiting":
      return fail(
        check,
        "a call of the database is not sent",
        "pg_net's worker stands still: select net.worker_restart(); if that changes nothing, restart the project's database.",
      );
    case "refused":
      return fail(
        check,
        `the database cannot send a call: ${wakeUp.detail}`,
        "Run as the role of the migrations: select public.request_health('{}');",
      );
    case "vault_incomplete":
      return unchecked(check, "vault");
    case "extension_missing":
      return unchecked(check, "extension:pg_net");
  }
}
