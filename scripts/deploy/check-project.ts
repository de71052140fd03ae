import { type Finding, hasFailed } from "../doctor/finding.ts";
import { runDoctor } from "../doctor/run-doctor.ts";
import { readApiKeys } from "./api-keys.ts";
import type { HostedProject } from "../hosted/project.ts";
import { StopError } from "../door/errors.ts";
import type { SupabaseCli } from "../hosted/supabase-cli.ts";

/** What the examination compares the project with. */
export interface CheckOptions {
  project: HostedProject;
  /** The functions' variables as they were set. */
  variables: Readonly<Record<string, string>>;
  /** Of the official management API; null = another one is used, or the CLI has it from `supabase login`. */
  accessToken: string | null;
  /** Is told what is not well. */
  say: (line: string) => void;
}

function describe({ check, level, detail, action }: Finding): string {
  const line = `${level.padEnd(4)}  ${check}: ${detail}`;
  return action === null ? line : `${line}\n      → ${action}`;
}

/**
 * Runs doctor against the project; the keys it needs come from the management API.
 *
 * @returns how many checks ended how
 * @throws StopError when a check failed
 */
export async function checkProject(
  cli: SupabaseCli,
  { project, variables, accessToken, say }: CheckOptions,
): Promise<string> {
  const findings = await runDoctor({
    url: project.url,
    ...await readApiKeys(cli),
    cronSecret: variables.CRON_SECRET ?? null,
    variables,
    accessToken,
  });
  for (const finding of findings) {
    if (finding.level !== "ok") say(describe(finding));
  }
  const count = (level: Finding["level"]) =>
    findings.filter((finding) => finding.level === level).length;
  const summary = `${count("ok")} ok, ${count("warn")} warn, ${
    count("fail")
  } fail`;
  if (hasFailed(findings)) throw new StopError(summary);
  return summary;
}
