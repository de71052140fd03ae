/** How a check ended: `warn` leaves a working system, `fail` does not. */
export type Level = "ok" | "warn" | "fail";

/** What one check found. */
export interface Finding {
  /** Stable name for programs, for example `cron_secret` or `function:confirm`. */
  check: string;
  level: Level;
  /** What is so. Never holds a secret. */
  detail: string;
  /** What to do about it; null when there is nothing to do. */
  action: string | null;
}

/** Nothing to do. */
export function ok(check: string, detail: string): Finding {
  return { check, level: "ok", detail, action: null };
}

/** Worth knowing; the system works without anybody acting on it. */
export function warn(check: string, detail: string, action: string): Finding {
  return { check, level: "warn", detail, action };
}

/** A broken link. */
export function fail(check: string, detail: string, action: string): Finding {
  return { check, level: "fail", detail, action };
}

/**
 * A check whose ground another one has found broken; that one fails, this one only warns, so that the failing names
 * are the broken links and nothing else.
 *
 * @param broken name of the check to mend first
 */
export function unchecked(check: string, broken: string): Finding {
  return warn(
    check,
    `could not be checked because of ${broken}`,
    `Mend ${broken}, then run doctor again.`,
  );
}

/** Whether a deployment with these findings must not be called good. */
export function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "fail");
}
