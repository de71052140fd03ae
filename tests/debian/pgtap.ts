import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** What the pgTAP files under supabase/tests came to. */
export interface TapResult {
  /** Whether every file ran to its end and nothing failed. */
  isPassed: boolean;
  passed: number;
  failed: number;
  /** What failed, as pgTAP says it. */
  report: string;
}

/** Runs every file of supabase/tests with Debian's `pg_prove`, as the role of the connection string. */
export async function runPgTap(databaseUrl: string): Promise<TapResult> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const { code, stdout, stderr } = await new Deno.Command("pg_prove", {
    args: ["--verbose", "--ext", ".sql", join("supabase", "tests")],
    cwd: PROJECT_ROOT,
    env: {
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: password,
      PGDATABASE: pathname.slice(1),
    },
    stdin: "null",
  }).output();
  const lines = [stdout, stderr]
    .flatMap((bytes) => new TextDecoder().decode(bytes).split("\n"));
  const passed = lines.filter((line) => line.startsWith("ok ")).length;
  const failures = lines.filter((line) => line.startsWith("not ok ")).length;
  return {
    isPassed: code === 0 && passed > 0 && failures === 0,
    passed,
    failed: failures,
    report: lines
      .filter((line) => line !== "" && !line.startsWith("ok "))
      .join("\n"),
  };
}
